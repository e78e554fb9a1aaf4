// 09a: the masked loss. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lessons/kit/not_done.h"

namespace exercise {

// log sum_v exp(z_v) of one row.
double log_sum_exp(const double* z, std::int64_t width) {
  const double largest = *std::max_element(z, z + width);
  double total = 0;
  for (std::int64_t v = 0; v < width; ++v) total += std::exp(z[v] - largest);
  return largest + std::log(total);
}

// How many tokens are predicted and count.
std::int64_t supervised_tokens(const std::int32_t* mask, std::int64_t length) {
  // BEGIN SOLUTION count
  //| not_done("the number of supervised tokens");
  return std::count(mask + 1, mask + length, 1);
  // END SOLUTION
}

double masked_mean(pupil::View<const double> logits, const std::int32_t* ids,
                   const std::int32_t* mask) {
  const std::int64_t n = supervised_tokens(mask, logits.rows);
  if (n == 0) return 0;
  // BEGIN SOLUTION value
  //| // Which row of logits predicts token t?
  //| not_done("the loss");
  double sum = 0;
  for (std::int64_t t = 1; t < logits.rows; ++t) {
    if (mask[t] == 0) continue;
    const double* z = logits.row(t - 1);
    sum += log_sum_exp(z, logits.width) - z[ids[t]];
  }
  return sum / double(n);
  // END SOLUTION
}

void masked_mean_backward(pupil::View<double> dlogits, pupil::View<const double> logits,
                          const std::int32_t* ids, const std::int32_t* mask, double dloss) {
  const std::int64_t n = supervised_tokens(mask, logits.rows);
  for (std::int64_t row = 0; row < logits.rows; ++row) {
    const double* z = logits.row(row);
    double* dz = dlogits.row(row);
    // BEGIN SOLUTION gradient
    //| // Row `row` predicts one token. Does it exist, and does it count?
    //| not_done("the gradient of a row");
    std::fill(dz, dz + logits.width, 0.0);
    const std::int64_t t = row + 1;
    if (t == logits.rows || mask[t] == 0) continue;
    const double log_z = log_sum_exp(z, logits.width);
    for (std::int64_t v = 0; v < logits.width; ++v) {
      dz[v] = dloss / double(n) * (std::exp(z[v] - log_z) - (v == ids[t]));
    }
    // END SOLUTION
  }
}

// BEGIN MUTANT mask-multiplied of=gradient fails=nothing-supervised
//! With nothing supervised you multiply 1/0 by 0, which is NaN: rows that do not count are set to 0.
//~ const std::int64_t t = row + 1;
//~ std::fill(dz, dz + logits.width, 0.0);
//~ if (t == logits.rows) continue;
//~ const double log_z = log_sum_exp(z, logits.width);
//~ for (std::int64_t v = 0; v < logits.width; ++v) {
//~   dz[v] = dloss * mask[t] / double(n) * (std::exp(z[v] - log_z) - (v == ids[t]));
//~ }
// END MUTANT

// BEGIN MUTANT all-tokens of=count fails=value
//! You divided by all tokens; the mean is over the supervised ones.
//~ return std::count(mask + 1, mask + length, 1) == 0 ? 0 : length - 1;
// END MUTANT

// BEGIN MUTANT first-counted of=count fails=first-token
//! Position 0 is counted: nothing predicts it, so it must not be in n either.
//~ return std::count(mask, mask + length, 1);
// END MUTANT

// BEGIN MUTANT not-shifted of=value fails=value
//! Row t predicts token t + 1, and you compared it with token t: the loss is not shifted.
//~ double sum = 0;
//~ for (std::int64_t t = 1; t < logits.rows; ++t) {
//~   if (mask[t] == 0) continue;
//~   const double* z = logits.row(t);
//~   sum += log_sum_exp(z, logits.width) - z[ids[t]];
//~ }
//~ return sum / double(n);
// END MUTANT

// BEGIN MUTANT mask-of-the-row of=value fails=value
//! The mask is read at the position that predicts; m_t belongs to the token that is predicted.
//~ double sum = 0;
//~ for (std::int64_t t = 1; t < logits.rows; ++t) {
//~   if (mask[t - 1] == 0) continue;
//~   const double* z = logits.row(t - 1);
//~   sum += log_sum_exp(z, logits.width) - z[ids[t]];
//~ }
//~ return sum / double(n);
// END MUTANT

// BEGIN MUTANT mask-forgotten of=value fails=value
//! The mask is not applied: every token is in your sum, the question's as well.
//~ double sum = 0;
//~ for (std::int64_t t = 1; t < logits.rows; ++t) {
//~   const double* z = logits.row(t - 1);
//~   sum += log_sum_exp(z, logits.width) - z[ids[t]];
//~ }
//~ return sum / double(n);
// END MUTANT

// BEGIN MUTANT gradient-of-the-sum of=gradient fails=gradient
//! This is the gradient of the sum; the loss is a mean over the supervised tokens.
//~ std::fill(dz, dz + logits.width, 0.0);
//~ const std::int64_t t = row + 1;
//~ if (t == logits.rows || mask[t] == 0 || n == 0) continue;
//~ const double log_z = log_sum_exp(z, logits.width);
//~ for (std::int64_t v = 0; v < logits.width; ++v) {
//~   dz[v] = dloss * (std::exp(z[v] - log_z) - (v == ids[t]));
//~ }
// END MUTANT

// BEGIN MUTANT gradient-mask-forgotten of=gradient fails=gradient
//! Rows that predict the prompt get a gradient: the mask is not applied in backward.
//~ std::fill(dz, dz + logits.width, 0.0);
//~ const std::int64_t t = row + 1;
//~ if (t == logits.rows || n == 0) continue;
//~ const double log_z = log_sum_exp(z, logits.width);
//~ for (std::int64_t v = 0; v < logits.width; ++v) {
//~   dz[v] = dloss / double(n) * (std::exp(z[v] - log_z) - (v == ids[t]));
//~ }
// END MUTANT

// BEGIN MUTANT gradient-label-shift of=gradient fails=gradient
//! The label is off by one: row t - 1 predicts token t, you took another token as its target.
//~ std::fill(dz, dz + logits.width, 0.0);
//~ const std::int64_t t = row + 1;
//~ if (t == logits.rows || mask[t] == 0) continue;
//~ const double log_z = log_sum_exp(z, logits.width);
//~ for (std::int64_t v = 0; v < logits.width; ++v) {
//~   dz[v] = dloss / double(n) * (std::exp(z[v] - log_z) - (v == ids[row]));
//~ }
// END MUTANT

}  // namespace exercise
