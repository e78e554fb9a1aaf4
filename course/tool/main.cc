// pupil-exercise ROOT EXERCISE_FOLDER OUT: compiles the checks of one exercise; CMake runs it.
#include <cstdio>
#include <exception>

#include "course/check_builder.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: pupil-exercise ROOT EXERCISE_FOLDER OUT\n", stderr);
    return 2;
  }
  try {
    pupil::course::build_checks(argv[1], argv[2], argv[3], true);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 3;
  }
}
