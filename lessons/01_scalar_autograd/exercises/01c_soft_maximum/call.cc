#include "lessons/kit/call.h"

#include "exercise.h"

PUPIL_CALL {
  if (a.is("value")) {
    for (std::int64_t i = 0; i < a.size("y"); ++i) {
      a.out_numbers("y")[i] =
          exercise::soft_maximum(a.numbers("a")[i], a.numbers("b")[i], a.numbers("s")[i]);
    }
  }
  if (a.is("rule")) {
    double *da = a.out_numbers("da"), *db = a.out_numbers("db"), *ds = a.out_numbers("ds");
    for (std::int64_t i = 0; i < a.size("a"); ++i) {
      exercise::soft_maximum_rule(da + i, db + i, ds + i, a.numbers("a")[i], a.numbers("b")[i],
                                  a.numbers("s")[i], a.numbers("dy")[i]);
    }
  }
  if (a.is("rule of one operand")) {
    double *dx = a.out_numbers("dx"), *ds = a.out_numbers("ds");
    for (std::int64_t i = 0; i < a.size("x"); ++i) {
      const double x = a.numbers("x")[i];
      exercise::soft_maximum_rule(dx + i, dx + i, ds + i, x, x, a.numbers("s")[i],
                                  a.numbers("dy")[i]);
    }
  }
}
