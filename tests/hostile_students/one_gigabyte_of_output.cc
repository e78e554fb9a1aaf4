// Prints a gigabyte.
// exercise: 09b
// expect: fail timeout
// behind the list of symbols: fail timeout
#include "exercise.h"

#include <cstdio>
#include <string>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  const std::string line(1 << 20, 'x');
  for (int i = 0; i < 1024; ++i) std::fwrite(line.data(), 1, line.size(), stdout);
  return 0;
}
