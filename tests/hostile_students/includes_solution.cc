// Includes the solution's file.
// exercise: 09b
// expect: error
// behind the list of symbols: error
#include "exercise.h"

#include "../../lessons/09_sft_objective_and_mask/exercises/09b_supervised_targets/checks.cc"
#include "lessons/09_sft_objective_and_mask/exercises/09b_supervised_targets/exercise.cc"
