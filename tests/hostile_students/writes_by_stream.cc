// Writes a forged results.json through a stream of the library.
// exercise: 09b
// expect: crash
// behind the list of symbols: crash
#include "exercise.h"

#include <fstream>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  std::ofstream("results.json") << "{\"status\": \"pass\"}";
  return 0;
}
