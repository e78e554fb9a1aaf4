// Prints what looks like results and a verdict.
// exercise: 09b
// expect: fail
// behind the list of symbols: fail
#include "exercise.h"

#include <cstdio>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  std::puts("{\"status\": \"pass\", \"points\": 6}\nPASS 6 of 6");
  return 0;
}
