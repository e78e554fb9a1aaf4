// 03c: an error measure. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lessons/kit/not_done.h"

namespace exercise {

// The floor of row i: what counts as small in its tensor.
static double floor_of(pupil::View<const double> n, std::int64_t i) {
  double largest = 0;
  // BEGIN SOLUTION floor
  //| (void)n, (void)i, (void)largest;
  //| not_done("the floor of a row");
  for (std::int64_t j = 0; j < n.width; ++j) largest = std::max(largest, std::abs(n.row(i)[j]));
  // END SOLUTION
  return kFloor * largest;
}

// e of one element; `must_vanish`: zero_ij.
static double error_of(double a, double n, bool must_vanish, double floor) {
  // BEGIN SOLUTION element
  //| // The two special cases first. std::isfinite tells numbers from nan and inf.
  //| (void)a, (void)n, (void)must_vanish, (void)floor;
  //| not_done("the error of an element");
  if (!std::isfinite(a)) return 2;
  if (must_vanish) return a == 0 ? 0 : 2;
  if (a == n) return 0;
  return std::abs(a - n) / std::max({std::abs(a), std::abs(n), floor});
  // END SOLUTION
}

void worst_errors(double* error, std::int32_t* at, pupil::View<const double> a,
                  pupil::View<const double> n, const std::int32_t* zero) {
  for (std::int64_t i = 0; i < a.rows; ++i) {
    const double floor = floor_of(n, i);
    error[i] = 0;
    at[i] = 0;
    for (std::int64_t j = 0; j < a.width; ++j) {
      const double e = error_of(a.row(i)[j], n.row(i)[j], zero[i * a.width + j] == 1, floor);
      // BEGIN SOLUTION worst
      //| (void)e;
      //| not_done("the worst of a row");
      if (e > error[i]) {
        error[i] = e;
        at[i] = std::int32_t(j);
      }
      // END SOLUTION
    }
  }
}

// BEGIN MUTANT absolute of=element fails=ordinary
//! You measure |a - n| without asking how large the gradient is: 0.001 is much for one tensor and
//! nothing for another.
//~ if (!std::isfinite(a)) return 2;
//~ if (must_vanish) return a == 0 ? 0 : 2;
//~ return std::abs(a - n) + 0 * floor;
// END MUTANT

// BEGIN MUTANT no-floor of=element fails=ordinary
//! There is no floor: elements that are small by chance look wrong for their rounding alone.
//~ if (!std::isfinite(a)) return 2;
//~ if (must_vanish) return a == 0 ? 0 : 2;
//~ if (a == n) return 0 * floor;
//~ return std::abs(a - n) / std::max(std::abs(a), std::abs(n));
// END MUTANT

// BEGIN MUTANT one-sided of=element fails=ordinary
//! You divide by |n| or the floor, not by |a|: a gradient that is far too large exceeds 2.
//~ if (!std::isfinite(a)) return 2;
//~ if (must_vanish) return a == 0 ? 0 : 2;
//~ if (a == n) return 0;
//~ return std::abs(a - n) / std::max(std::abs(n), floor);
// END MUTANT

// BEGIN MUTANT sign-lost of=element fails=ordinary
//! You compare absolute values: an element with the wrong sign counts as right.
//~ if (!std::isfinite(a)) return 2;
//~ if (must_vanish) return a == 0 ? 0 : 2;
//~ if (a == n) return 0;
//~ return std::abs(std::abs(a) - std::abs(n)) / std::max({std::abs(a), std::abs(n), floor});
// END MUTANT

// BEGIN MUTANT last-element of=worst fails=ordinary
//! error[i] is that of the last element which is wrong at all, not of the worst one.
//~ if (e > 0) {
//~   error[i] = e;
//~   at[i] = std::int32_t(j);
//~ }
// END MUTANT

// BEGIN MUTANT one-scale-for-all of=floor fails=scales
//! The floor is taken from all rows together: beside a tensor of 1e6 every small one is right.
//~ for (std::int64_t r = 0; r < n.rows; ++r) {
//~   for (std::int64_t j = 0; j < n.width; ++j) largest = std::max(largest, std::abs(n.row(r)[j]));
//~ }
//~ (void)i;
// END MUTANT

// BEGIN MUTANT zero-excused of=element fails=expected-zero
//! An element that must be 0 is measured like the others: a leak below the floor is excused.
//~ if (!std::isfinite(a)) return 2;
//~ if (a == n || (must_vanish && a == 0)) return 0;
//~ return std::abs(a - n) / std::max({std::abs(a), std::abs(n), floor});
// END MUTANT

// BEGIN MUTANT nan-passes of=element fails=not-a-number
//! nan passes: every comparison with it is false, so it is never the worst. Ask for it first.
//~ if (must_vanish) return std::isnan(a) || a == 0 ? 0 : 2;
//~ if (a == n) return 0;
//~ if (std::isinf(a)) return 2;
//~ return std::abs(a - n) / std::max({std::abs(a), std::abs(n), floor});
// END MUTANT

}  // namespace exercise
