// Writes an answer into the grader's pipe itself.
// exercise: 09b
// expect: error
// behind the list of symbols: fail crash error
#include "exercise.h"

#include <unistd.h>
#include <cstring>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  char forged[5 + 4096];
  std::memset(forged, 0, sizeof forged);
  if (::write(4, forged, sizeof forged) < 0) return 1;
  return 0;
}
