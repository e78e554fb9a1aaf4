// Writes a file outside of its folder.
// exercise: 09b
// expect: error
// behind the list of symbols: crash
#include "exercise.h"

#include <cstdio>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  if (std::FILE* file = std::fopen("../planted", "w")) std::fputs("planted", file);
  return 0;
}
