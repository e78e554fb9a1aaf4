// 03b: a directional check. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "lessons/kit/not_done.h"

namespace exercise {

// The largest absolute value of n numbers.
static double largest(const double* x, std::int64_t n) {
  double result = 0;
  for (std::int64_t i = 0; i < n; ++i) result = std::max(result, std::abs(x[i]));
  return result;
}

Sides along(const Operation& op, const double* x, const double* u, const double* g) {
  std::vector<double> at(std::size_t(op.n)), above(std::size_t(op.m)), below(std::size_t(op.m));
  double h = 0;
  // BEGIN SOLUTION step
  //| // How far along u?
  //| (void)h, (void)largest;
  //| not_done("the step");
  h = kStep * std::max(1.0, largest(x, op.n)) / largest(u, op.n);
  // END SOLUTION
  double left = 0, right = 0;
  // BEGIN SOLUTION left
  //| // Two forwards, then <g, above - below> / (2 h). `at` is room for x + h u.
  //| (void)left, (void)x, (void)g;
  //| not_done("the left side");
  for (std::int64_t i = 0; i < op.n; ++i) at[std::size_t(i)] = x[i] + h * u[i];
  op.forward(above.data(), at.data(), op.more);
  for (std::int64_t i = 0; i < op.n; ++i) at[std::size_t(i)] = x[i] - h * u[i];
  op.forward(below.data(), at.data(), op.more);
  for (std::size_t k = 0; k < above.size(); ++k) left += g[k] * (above[k] - below[k]) / (2 * h);
  // END SOLUTION
  // BEGIN SOLUTION right
  //| // What does the rule say?
  //| (void)right, (void)u;
  //| not_done("the right side");
  std::vector<double> dx(std::size_t(op.n));
  op.rule(dx.data(), x, g, op.more);
  for (std::int64_t i = 0; i < op.n; ++i) right += dx[std::size_t(i)] * u[i];
  // END SOLUTION
  return {left, right};
}

bool refuted(const Operation& op, const double* x, const double* u, const double* g,
             std::int64_t tries) {
  // BEGIN SOLUTION verdict
  //| // Which of the tries may acquit the rule, and which may convict it?
  //| (void)op, (void)x, (void)u, (void)g, (void)tries;
  //| not_done("the verdict");
  for (std::int64_t k = 0; k < tries; ++k) {
    const Sides s = along(op, x, u + k * op.n, g + k * op.m);
    const double scale = std::max({std::abs(s.left), std::abs(s.right), 0.01});
    if (!(std::abs(s.left - s.right) <= kTolerance * scale)) return true;
  }
  return false;
  // END SOLUTION
}

// BEGIN MUTANT step-ignores-length of=step fails=long-direction
//! h does not depend on how long u is: a direction of length 10,000 makes a step 10,000 times longer.
//~ h = kStep * std::max(1.0, largest(x, op.n));
// END MUTANT

// BEGIN MUTANT upstream-forgotten-left of=left fails=sides
//! Your left side adds up the outputs as they are: g, the upstream, is missing there.
//~ for (std::int64_t i = 0; i < op.n; ++i) at[std::size_t(i)] = x[i] + h * u[i];
//~ op.forward(above.data(), at.data(), op.more);
//~ for (std::int64_t i = 0; i < op.n; ++i) at[std::size_t(i)] = x[i] - h * u[i];
//~ op.forward(below.data(), at.data(), op.more);
//~ for (std::size_t k = 0; k < above.size(); ++k) left += (above[k] - below[k]) / (2 * h);
// END MUTANT

// BEGIN MUTANT one-sided of=left fails=sides
//! Your left side is a forward difference, from x to x + h u: its error falls with h, not with h^2.
//~ for (std::int64_t i = 0; i < op.n; ++i) at[std::size_t(i)] = x[i] + h * u[i];
//~ op.forward(above.data(), at.data(), op.more);
//~ op.forward(below.data(), x, op.more);
//~ for (std::size_t k = 0; k < above.size(); ++k) left += g[k] * (above[k] - below[k]) / h;
// END MUTANT

// BEGIN MUTANT upstream-of-ones of=right fails=sides
//! Your right side calls the rule with an upstream of ones; both sides need the same g.
//~ std::vector<double> dx(std::size_t(op.n)), ones(std::size_t(op.m), 1.0);
//~ op.rule(dx.data(), x, ones.data(), op.more);
//~ for (std::int64_t i = 0; i < op.n; ++i) right += dx[std::size_t(i)] * u[i];
// END MUTANT

// BEGIN MUTANT direction-forgotten of=right fails=sides
//! Your right side adds up the gradient; along u it is <dx, u>.
//~ std::vector<double> dx(std::size_t(op.n));
//~ op.rule(dx.data(), x, g, op.more);
//~ for (std::int64_t i = 0; i < op.n; ++i) right += dx[std::size_t(i)];
// END MUTANT

// BEGIN MUTANT no-absolute-value of=verdict fails=verdicts
//! left - right may be negative, and as wrong as a positive one: its absolute value counts.
//~ for (std::int64_t k = 0; k < tries; ++k) {
//~   const Sides s = along(op, x, u + k * op.n, g + k * op.m);
//~   const double scale = std::max({std::abs(s.left), std::abs(s.right), 0.01});
//~   if (s.left - s.right > kTolerance * scale) return true;
//~ }
//~ return false;
// END MUTANT

// BEGIN MUTANT one-acquittal-is-enough of=verdict fails=verdicts
//! One try that fits acquits your rule. A blind try fits any rule: one that does not fit convicts.
//~ for (std::int64_t k = 0; k < tries; ++k) {
//~   const Sides s = along(op, x, u + k * op.n, g + k * op.m);
//~   const double scale = std::max({std::abs(s.left), std::abs(s.right), 0.01});
//~   if (std::abs(s.left - s.right) <= kTolerance * scale) return false;
//~ }
//~ return true;
// END MUTANT

// BEGIN MUTANT same-try-again of=verdict fails=verdicts
//! Every try uses the first direction and the first upstream: try k has u + k n and g + k m.
//~ for (std::int64_t k = 0; k < tries; ++k) {
//~   const Sides s = along(op, x, u, g);
//~   const double scale = std::max({std::abs(s.left), std::abs(s.right), 0.01});
//~   if (!(std::abs(s.left - s.right) <= kTolerance * scale)) return true;
//~ }
//~ return false;
// END MUTANT

}  // namespace exercise
