// 03a: a scaled central difference. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lessons/kit/not_done.h"

namespace exercise {

void central_difference(double* g, double* x, const Objective& objective, const double* typical) {
  for (std::int64_t i = 0; i < objective.n; ++i) {
    // BEGIN SOLUTION difference
    //| // Step up, look, step down, look, step back.
    //| (void)g, (void)x, (void)typical;
    //| not_done("the difference of one number");
    const double start = x[i], h = kStep * std::max(std::abs(start), typical[i]);
    x[i] = start + h;
    const double above = objective(x);
    x[i] = start - h;
    const double below = objective(x);
    x[i] = start;
    g[i] = (above - below) / (2 * h);
    // END SOLUTION
  }
}

// BEGIN MUTANT forward-difference of=difference fails=ordinary
//! This is the forward difference, (f(x + h) - f(x)) / h. Its error falls with h, not with h^2.
//~ const double start = x[i], h = kStep * std::max(std::abs(start), typical[i]);
//~ const double below = objective(x);
//~ x[i] = start + h;
//~ const double above = objective(x);
//~ x[i] = start;
//~ g[i] = (above - below) / h;
// END MUTANT

// BEGIN MUTANT one-step-counted of=difference fails=ordinary
//! From x - h to x + h it is two steps; you divided by one.
//~ const double start = x[i], h = kStep * std::max(std::abs(start), typical[i]);
//~ x[i] = start + h;
//~ const double above = objective(x);
//~ x[i] = start - h;
//~ const double below = objective(x);
//~ x[i] = start;
//~ g[i] = (above - below) / h;
// END MUTANT

// BEGIN MUTANT not-put-back of=difference fails=ordinary
//! x[i] stays where the second look left it, so later numbers are differenced at another point.
//~ const double start = x[i], h = kStep * std::max(std::abs(start), typical[i]);
//~ x[i] = start + h;
//~ const double above = objective(x);
//~ x[i] = start - h;
//~ const double below = objective(x);
//~ g[i] = (above - below) / (2 * h);
// END MUTANT

// BEGIN MUTANT typical-as-step of=difference fails=ordinary
//! kStep is missing: the step is as large as the number itself, and the curve bends in between.
//~ const double start = x[i], h = std::max(std::abs(start), typical[i]);
//~ x[i] = start + h;
//~ const double above = objective(x);
//~ x[i] = start - h;
//~ const double below = objective(x);
//~ x[i] = start;
//~ g[i] = (above - below) / (2 * h);
// END MUTANT

// BEGIN MUTANT at-least-one of=difference fails=sizes
//! max(|x|, 1) is the right size for numbers around 1 only; you were given typical sizes.
//~ const double start = x[i], h = kStep * std::max(std::abs(start), 1.0);
//~ x[i] = start + h;
//~ const double above = objective(x);
//~ x[i] = start - h;
//~ const double below = objective(x);
//~ x[i] = start;
//~ g[i] = (above - below) / (2 * h);
// END MUTANT

// BEGIN MUTANT one-step-for-all of=difference fails=sizes
//! Your step is the same for all numbers: far too large for 1e-4, lost in rounding for 1e6.
//~ const double start = x[i], h = kStep;
//~ x[i] = start + h;
//~ const double above = objective(x);
//~ x[i] = start - h;
//~ const double below = objective(x);
//~ x[i] = start;
//~ g[i] = (above - below) / (2 * h);
// END MUTANT

// BEGIN MUTANT typical-ignored of=difference fails=zero
//! A number that is 0 got a step of 0, and 0 / 0 is not a number: use its typical size there.
//~ const double start = x[i], h = kStep * std::abs(start);
//~ x[i] = start + h;
//~ const double above = objective(x);
//~ x[i] = start - h;
//~ const double below = objective(x);
//~ x[i] = start;
//~ g[i] = (above - below) / (2 * h);
// END MUTANT

// BEGIN MUTANT added-back of=difference fails=restored
//! You stepped back by adding h. (x - h) + h is not always x: keep the number and put it back.
//~ const double h = kStep * std::max(std::abs(x[i]), typical[i]);
//~ x[i] += h;
//~ const double above = objective(x);
//~ x[i] -= 2 * h;
//~ const double below = objective(x);
//~ x[i] += h;
//~ g[i] = (above - below) / (2 * h);
// END MUTANT

}  // namespace exercise
