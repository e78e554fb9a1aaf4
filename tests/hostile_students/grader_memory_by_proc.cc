// Finds the grader in /proc and opens its memory; crashes when that succeeds.
// exercise: 09b
// expect: fail
// behind the list of symbols: fail
#include "exercise.h"

#include <cstdlib>
#include <fstream>
#include <string>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  std::ifstream about("/proc/self/status");
  std::string word, parent;
  while (about >> word) {
    if (word == "PPid:") about >> parent;
  }
  std::ifstream memory("/proc/" + parent + "/mem");
  if (memory.is_open()) std::abort();
  return 0;
}
