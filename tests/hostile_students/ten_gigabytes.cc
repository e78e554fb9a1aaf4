// Asks for 10 GB of memory and touches it.
// exercise: 09b
// expect: crash
// behind the list of symbols: crash
#include "exercise.h"

#include <vector>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  std::vector<char> much(std::size_t(10) << 30, 1);
  return much[std::size_t(length)];
}
