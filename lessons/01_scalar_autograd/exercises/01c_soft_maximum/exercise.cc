// 01c: the soft maximum. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>

#include "lessons/kit/not_done.h"

namespace exercise {

double soft_maximum(double a, double b, double s) {
  // BEGIN SOLUTION value
  //| // exp(1e5) is infinite. Which of a and b can be taken out of the logarithm?
  //| (void)a, (void)b, (void)s;
  //| not_done("the soft maximum");
  return std::max(a, b) + s * std::log1p(std::exp(-std::abs(a - b) / s));
  // END SOLUTION
}

void soft_maximum_rule(double* da, double* db, double* ds, double a, double b, double s,
                       double dy) {
  // BEGIN SOLUTION rule
  //| // How much of y comes from a? Begin with that share w; it needs no exponential that overflows.
  //| (void)da, (void)db, (void)ds, (void)a, (void)b, (void)s, (void)dy;
  //| not_done("the rule");
  const double gap = std::abs(a - b) / s, small = std::exp(-gap) / (1 + std::exp(-gap));
  const double w = a < b ? small : 1 - small;  // of a
  *da += dy * w;
  *db += dy * (1 - w);
  *ds += dy * (std::log1p(std::exp(-gap)) + gap * small);
  // END SOLUTION
}

// BEGIN MUTANT typed-as-it-stands of=value fails=stable
//! You typed the formula as it stands; exp(a / s) overflows. Take the larger operand out of the
//! logarithm first.
//~ return s * std::log(std::exp(a / s) + std::exp(b / s));
// END MUTANT

// BEGIN MUTANT softness-outside of=value fails=value
//! The logarithm is not multiplied by s: y must be about as large as a and b.
//~ return std::max(a, b) / s + std::log1p(std::exp(-std::abs(a - b) / s));
// END MUTANT

// BEGIN MUTANT gap-not-divided of=value fails=value
//! The gap between a and b is not divided by s in the exponent.
//~ return std::max(a, b) + s * std::log1p(std::exp(-std::abs(a - b)));
// END MUTANT

// BEGIN MUTANT hard-maximum of=rule fails=gradient
//! This is the rule of the hard maximum: the larger operand gets everything. Here both get a share.
//~ const double w = a < b ? 0 : 1;
//~ *da += dy * w;
//~ *db += dy * (1 - w);
//~ *ds += dy * std::log1p(std::exp(-std::abs(a - b) / s));
// END MUTANT

// BEGIN MUTANT operands-exchanged of=rule fails=gradient
//! The shares of a and b are exchanged: the larger one must get the larger share.
//~ const double gap = std::abs(a - b) / s, small = std::exp(-gap) / (1 + std::exp(-gap));
//~ const double w = a < b ? 1 - small : small;
//~ *da += dy * w;
//~ *db += dy * (1 - w);
//~ *ds += dy * (std::log1p(std::exp(-gap)) + gap * small);
// END MUTANT

// BEGIN MUTANT divided-by-softness of=rule fails=gradient
//! The shares of a and b are divided by s. The 1/s inside the logarithm cancels with the s before it.
//~ const double gap = std::abs(a - b) / s, small = std::exp(-gap) / (1 + std::exp(-gap));
//~ const double w = a < b ? small : 1 - small;
//~ *da += dy * w / s;
//~ *db += dy * (1 - w) / s;
//~ *ds += dy * (std::log1p(std::exp(-gap)) + gap * small);
// END MUTANT

// BEGIN MUTANT softness-once of=rule fails=gradient
//! s stands in the formula twice: in front of the logarithm and inside it. You differentiated the
//! first one only.
//~ const double gap = std::abs(a - b) / s, small = std::exp(-gap) / (1 + std::exp(-gap));
//~ const double w = a < b ? small : 1 - small;
//~ *da += dy * w;
//~ *db += dy * (1 - w);
//~ *ds += dy * std::log1p(std::exp(-gap));
// END MUTANT

// BEGIN MUTANT written-over of=rule fails=same-operand
//! You wrote = where += belongs. When a and b are one number, its second share replaces the first.
//~ const double gap = std::abs(a - b) / s, small = std::exp(-gap) / (1 + std::exp(-gap));
//~ const double w = a < b ? small : 1 - small;
//~ *da = dy * w;
//~ *db = dy * (1 - w);
//~ *ds = dy * (std::log1p(std::exp(-gap)) + gap * small);
// END MUTANT

// BEGIN MUTANT differences of=rule fails=exact
//! These are difference quotients: right to some digits, and fewer where the function bends. A rule is
//! right to the last one, and costs less.
//~ const double ha = 1e-5 * std::max(1.0, std::abs(a)), hb = 1e-5 * std::max(1.0, std::abs(b));
//~ const double hs = 1e-5;
//~ *da += dy * (soft_maximum(a + ha, b, s) - soft_maximum(a - ha, b, s)) / (2 * ha);
//~ *db += dy * (soft_maximum(a, b + hb, s) - soft_maximum(a, b - hb, s)) / (2 * hb);
//~ *ds += dy * (soft_maximum(a, b, s + hs) - soft_maximum(a, b, s - hs)) / (2 * hs);
// END MUTANT

}  // namespace exercise
