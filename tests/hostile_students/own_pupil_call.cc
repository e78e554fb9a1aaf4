// Brings the function that the worker calls, and returns success from it.
// exercise: 09b
// expect: error
// behind the list of symbols: error
#include "exercise.h"

extern "C" __attribute__((visibility("default"))) int pupil_call(const char*, void*, int, char*,
                                                                 int) {
  return 0;
}

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  return 0;
}
