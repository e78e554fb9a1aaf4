// Brings a write() of its own, which the worker must not call.
// exercise: 09b
// expect: fail
// behind the list of symbols: fail
#include "exercise.h"

#include <cstddef>

extern "C" __attribute__((visibility("default"))) long write(int, const void*, std::size_t size) {
  return long(size);
}

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  return 3;
}
