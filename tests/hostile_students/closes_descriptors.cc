// Closes every descriptor, the grader's pipes among them.
// exercise: 09b
// expect: error
// behind the list of symbols: crash
#include "exercise.h"

#include <unistd.h>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  for (int fd = 0; fd < 64; ++fd) ::close(fd);
  return 0;
}
