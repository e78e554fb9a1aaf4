// 08c: two end tokens. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>

#include "lessons/kit/not_done.h"

namespace exercise {

std::int32_t cut(const std::int32_t* ids, std::int32_t count, std::int32_t e0, std::int32_t e1,
                 std::int32_t* reason) {
  // BEGIN SOLUTION cut
  //| (void)ids, (void)count, (void)e0, (void)e1, (void)reason;
  //| not_done("where the answer ends");
  for (std::int32_t n = 0; n < count; ++n) {
    if (ids[n] != e0 && ids[n] != e1) continue;
    *reason = ids[n] == e0 ? kEnd0 : kEnd1;
    return n + 1;
  }
  *reason = kLength;
  return count;
  // END SOLUTION
}

// log of the sum of exp(z_v) over the tokens that `belongs` names.
template <class Belongs>
double log_sum_exp_of(const double* z, std::int64_t width, Belongs belongs) {
  double largest = -std::numeric_limits<double>::infinity();
  for (std::int64_t v = 0; v < width; ++v) {
    if (belongs(v) && z[v] > largest) largest = z[v];
  }
  double total = 0;
  for (std::int64_t v = 0; v < width; ++v) {
    if (belongs(v)) total += std::exp(z[v] - largest);
  }
  return largest + std::log(total);
}

double log_runs_on(pupil::View<const double> z, std::int32_t e0, std::int32_t e1) {
  double log_s = 0;
  for (std::int64_t t = 0; t < z.rows; ++t) {
    const double* row = z.row(t);
    // BEGIN SOLUTION value
    //| // log(1 - q) = log(sum of exp over the others) - log(sum of exp over all)
    //| (void)row, (void)e0, (void)e1;
    //| not_done("log(1 - q) of a position");
    const auto all = [](std::int64_t) { return true; };
    const auto other = [&](std::int64_t v) { return v != e0 && v != e1; };
    log_s += log_sum_exp_of(row, z.width, other) - log_sum_exp_of(row, z.width, all);
    // END SOLUTION
  }
  return log_s;
}

void log_runs_on_backward(pupil::View<double> dz, pupil::View<const double> z, std::int32_t e0,
                          std::int32_t e1, double dlog_s) {
  for (std::int64_t t = 0; t < z.rows; ++t) {
    const double* row = z.row(t);
    // BEGIN SOLUTION gradient
    //| (void)dz, (void)row, (void)e0, (void)e1, (void)dlog_s;
    //| not_done("dz of a position");
    const auto other = [&](std::int64_t v) { return v != e0 && v != e1; };
    const double log_z = log_sum_exp_of(row, z.width, [](std::int64_t) { return true; });
    const double log_others = log_sum_exp_of(row, z.width, other);
    for (std::int64_t v = 0; v < z.width; ++v) {
      const double p = std::exp(row[v] - log_z);
      dz.row(t)[v] = dlog_s * (other(v) ? std::exp(row[v] - log_others) - p : -p);
    }
    // END SOLUTION
  }
}

// BEGIN MUTANT one-end-only of=cut fails=cut
//! Only the first kind of end stops the row; the second runs past.
//~ for (std::int32_t n = 0; n < count; ++n) {
//~   if (ids[n] != e0) continue;
//~   *reason = kEnd0;
//~   return n + 1;
//~ }
//~ (void)e1;
//~ *reason = kLength;
//~ return count;
// END MUTANT

// BEGIN MUTANT last-end of=cut fails=cut
//! You cut at the last end of the row; the answer is over at the first.
//~ for (std::int32_t n = count - 1; n >= 0; --n) {
//~   if (ids[n] != e0 && ids[n] != e1) continue;
//~   *reason = ids[n] == e0 ? kEnd0 : kEnd1;
//~   return n + 1;
//~ }
//~ *reason = kLength;
//~ return count;
// END MUTANT

// BEGIN MUTANT end-left-out of=cut fails=cut
//! The end itself is left out; it is part of the answer.
//~ for (std::int32_t n = 0; n < count; ++n) {
//~   if (ids[n] != e0 && ids[n] != e1) continue;
//~   *reason = ids[n] == e0 ? kEnd0 : kEnd1;
//~   return n;
//~ }
//~ *reason = kLength;
//~ return count;
// END MUTANT

// BEGIN MUTANT e1-before-e0 of=cut fails=cut
//! You looked for e_1 in the whole row before you looked for e_0; whichever comes first ends it.
//~ for (const std::int32_t e : {e1, e0}) {
//~   for (std::int32_t n = 0; n < count; ++n) {
//~     if (ids[n] != e) continue;
//~     *reason = e == e0 ? kEnd0 : kEnd1;
//~     return n + 1;
//~   }
//~ }
//~ *reason = kLength;
//~ return count;
// END MUTANT

// BEGIN MUTANT skips-the-first of=cut fails=edges
//! You never look at the first id: an empty answer is its end alone.
//~ for (std::int32_t n = 1; n < count; ++n) {
//~   if (ids[n] != e0 && ids[n] != e1) continue;
//~   *reason = ids[n] == e0 ? kEnd0 : kEnd1;
//~   return n + 1;
//~ }
//~ *reason = kLength;
//~ return count;
// END MUTANT

// BEGIN MUTANT product-of-two of=value fails=value
//! You multiplied p[e_0] by p[e_1]; the row stops at one or the other: their sum.
//~ const double log_z = log_sum_exp_of(row, z.width, [](std::int64_t) { return true; });
//~ const double q = std::exp(row[e0] - log_z) * std::exp(row[e1] - log_z);
//~ log_s += std::log1p(-q);
// END MUTANT

// BEGIN MUTANT probability-of-the-end of=value fails=value
//! This is log q, the probability to stop. Asked for is 1 - q: to run on.
//~ const double log_z = log_sum_exp_of(row, z.width, [](std::int64_t) { return true; });
//~ const double q = std::exp(row[e0] - log_z) + std::exp(row[e1] - log_z);
//~ log_s += std::log(q);
// END MUTANT

// BEGIN MUTANT ends-apart of=value fails=value
//! You took (1 - p[e_0]) (1 - p[e_1]), as if two coins were tossed. One token is drawn.
//~ const double log_z = log_sum_exp_of(row, z.width, [](std::int64_t) { return true; });
//~ const double p0 = std::exp(row[e0] - log_z), p1 = std::exp(row[e1] - log_z);
//~ log_s += std::log1p(-p0) + std::log1p(-p1);
// END MUTANT

// BEGIN MUTANT a-difference of=value fails=nearly-sure
//! 1 - q is taken as a difference: near 1 nothing is left of it but rounding.
//~ const double log_z = log_sum_exp_of(row, z.width, [](std::int64_t) { return true; });
//~ const double q = std::exp(row[e0] - log_z) + std::exp(row[e1] - log_z);
//~ log_s += std::log(1 - q);
// END MUTANT

// BEGIN MUTANT others-forgotten of=gradient fails=gradient
//! Only the two ends get a gradient: where the ends lose, all others gain.
//~ const auto other = [&](std::int64_t v) { return v != e0 && v != e1; };
//~ const double log_z = log_sum_exp_of(row, z.width, [](std::int64_t) { return true; });
//~ const double log_others = log_sum_exp_of(row, z.width, other);
//~ for (std::int64_t v = 0; v < z.width; ++v) {
//~   const double p = std::exp(row[v] - log_z);
//~   dz.row(t)[v] = dlog_s * (other(v) ? 0 : -p);
//~ }
// END MUTANT

// BEGIN MUTANT not-over-one-minus-q of=gradient fails=gradient
//! The others get p q; it is p q / (1 - q).
//~ const double log_z = log_sum_exp_of(row, z.width, [](std::int64_t) { return true; });
//~ const double q = std::exp(row[e0] - log_z) + std::exp(row[e1] - log_z);
//~ for (std::int64_t v = 0; v < z.width; ++v) {
//~   const double p = std::exp(row[v] - log_z);
//~   dz.row(t)[v] = dlog_s * (v != e0 && v != e1 ? p * q : -p);
//~ }
// END MUTANT

// BEGIN MUTANT one-end-in-backward of=gradient fails=gradient
//! e_1 is among the others in backward; forward takes it for an end.
//~ const auto other = [&](std::int64_t v) { return v != e0; };
//~ const double log_z = log_sum_exp_of(row, z.width, [](std::int64_t) { return true; });
//~ const double log_others = log_sum_exp_of(row, z.width, other);
//~ (void)e1;
//~ for (std::int64_t v = 0; v < z.width; ++v) {
//~   const double p = std::exp(row[v] - log_z);
//~   dz.row(t)[v] = dlog_s * (other(v) ? std::exp(row[v] - log_others) - p : -p);
//~ }
// END MUTANT

}  // namespace exercise
