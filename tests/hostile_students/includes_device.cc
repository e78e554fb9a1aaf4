// Includes a file without an end.
// exercise: 09b
// expect: error
// behind the list of symbols: error
#include "exercise.h"

#include "/dev/zero"
