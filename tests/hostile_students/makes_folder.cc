// Makes a folder through the library.
// exercise: 09b
// expect: crash
// behind the list of symbols: crash
#include <filesystem>

#include "exercise.h"

std::int32_t exercise::supervised_targets(std::int32_t*, const std::int32_t*, const std::int32_t*,
                                          std::int64_t) {
  return std::filesystem::create_directory("planted");
}
