// Defines the function with other parameters.
// exercise: 09b
// expect: error
// behind the list of symbols: error
#include "exercise.h"

int exercise_supervised_targets(int length) { return length; }
