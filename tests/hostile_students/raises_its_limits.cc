// Raises its limit of processor time, then never returns.
// exercise: 09b
// expect: timeout
// behind the list of symbols: timeout
#include "exercise.h"

#include <sys/resource.h>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  ::prlimit(0, RLIMIT_CPU, &none, nullptr);
  for (volatile bool on = true; on;) {
  }
  return 0;
}
