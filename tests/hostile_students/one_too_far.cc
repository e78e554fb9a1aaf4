// Writes one element behind the targets.
// exercise: 09b
// expect: crash
// behind the list of symbols: crash
#include "exercise.h"

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)ids;
  (void)parts;
  targets[length] = 0;
  return 0;
}
