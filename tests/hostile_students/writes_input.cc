// Changes the ids that it is given to read.
// exercise: 09b
// expect: crash
// behind the list of symbols: crash
#include "exercise.h"

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)parts;
  (void)length;
  const_cast<std::int32_t*>(ids)[0] = 1;
  return 0;
}
