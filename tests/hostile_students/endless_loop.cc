// Never returns.
// exercise: 09b
// expect: timeout
// behind the list of symbols: timeout
#include "exercise.h"

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  volatile bool on = true;
  while (on) {
  }
  return 0;
}
