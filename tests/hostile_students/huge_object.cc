// Makes the compiler write a gigabyte.
// exercise: 09b
// expect: error
// behind the list of symbols: error
#include "exercise.h"

static char big[1 << 30] = {1};

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  return big[length];
}
