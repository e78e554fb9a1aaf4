// Looks for the solution on the disk and returns what it finds.
// exercise: 09b
// expect: fail
// behind the list of symbols: fail
#include "exercise.h"

#include <fstream>
#include <string>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)ids;
  (void)parts;
  (void)length;
  std::ifstream in(
      "lessons/09_sft_objective_and_mask/exercises/09b_supervised_targets/exercise.cc");
  std::string word;
  std::int32_t found = 0;
  while (in >> word) found += std::int32_t(word.size());
  return found;
}
