// Includes the checks of its exercise.
// exercise: 09b
// expect: error
// behind the list of symbols: error
#include "exercise.h"

#include "lessons/09_sft_objective_and_mask/exercises/09b_supervised_targets/checks.cc"

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  return 0;
}
