// 11b: one loss a slice. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lessons/kit/not_done.h"

namespace exercise {

// log sum_v exp(z_v) of one row.
static double log_sum_exp(const double* z, std::int64_t width) {
  const double largest = *std::max_element(z, z + width);
  double total = 0;
  for (std::int64_t v = 0; v < width; ++v) total += std::exp(z[v] - largest);
  return largest + std::log(total);
}

// Rows of slice s.
static double rows_of(std::int64_t s, const std::int32_t* slice, std::int64_t rows) {
  // BEGIN SOLUTION count
  //| (void)s, (void)slice, (void)rows;
  //| not_done("the number of rows of a slice");
  return double(std::count(slice, slice + rows, std::int32_t(s)));
  // END SOLUTION
}

void loss_by_slice(double* loss, std::int64_t slices, pupil::View<const double> logits,
                   const std::int32_t* targets, const std::int32_t* slice) {
  for (std::int64_t s = 0; s < slices; ++s) {
    const double n = rows_of(s, slice, logits.rows);
    double sum = 0;
    // BEGIN SOLUTION value
    //| // Which rows add to this sum? loss[s] is their mean.
    //| (void)loss, (void)n, (void)sum, (void)targets, (void)log_sum_exp;
    //| not_done("the loss of a slice");
    for (std::int64_t t = 0; t < logits.rows; ++t) {
      if (slice[t] != s) continue;
      sum += log_sum_exp(logits.row(t), logits.width) - logits.row(t)[targets[t]];
    }
    loss[s] = n == 0 ? 0 : sum / n;
    // END SOLUTION
  }
}

void loss_by_slice_backward(pupil::View<double> dlogits, const double* dloss, std::int64_t slices,
                            pupil::View<const double> logits, const std::int32_t* targets,
                            const std::int32_t* slice) {
  for (std::int64_t t = 0; t < logits.rows; ++t) {
    const double* z = logits.row(t);
    double* dz = dlogits.row(t);
    double factor = 0;
    // BEGIN SOLUTION factor
    //| // What arrives at the loss of this row?
    //| (void)factor, (void)dloss, (void)slices;
    //| not_done("what arrives at a row");
    if (slice[t] >= 0) factor = dloss[slice[t]] / rows_of(slice[t], slice, logits.rows);
    // END SOLUTION
    // BEGIN SOLUTION gradient
    //| (void)z, (void)dz, (void)factor, (void)targets;
    //| not_done("the gradient of a row");
    const double log_z = log_sum_exp(z, logits.width);
    for (std::int64_t v = 0; v < logits.width; ++v) {
      dz[v] = factor == 0 ? 0 : factor * (std::exp(z[v] - log_z) - (v == targets[t]));
    }
    // END SOLUTION
  }
}

// BEGIN MUTANT of-all-rows of=count fails=value
//! You divided by the number of all rows; each slice has a mean of its own.
//~ (void)s, (void)slice;
//~ return double(rows);
// END MUTANT

// BEGIN MUTANT sum-of-a-slice of=value fails=value
//! You added up the rows of a slice; its loss is their mean, so that slices of unequal size
//! compare.
//~ (void)n;
//~ for (std::int64_t t = 0; t < logits.rows; ++t) {
//~   if (slice[t] != s) continue;
//~   sum += log_sum_exp(logits.row(t), logits.width) - logits.row(t)[targets[t]];
//~ }
//~ loss[s] = sum;
// END MUTANT

// BEGIN MUTANT strays-in-the-first of=value fails=value
//! Rows of no slice, -1, are in the sum of slice 0.
//~ for (std::int64_t t = 0; t < logits.rows; ++t) {
//~   if (std::max(slice[t], 0) != s) continue;
//~   sum += log_sum_exp(logits.row(t), logits.width) - logits.row(t)[targets[t]];
//~ }
//~ loss[s] = n == 0 ? 0 : sum / n;
// END MUTANT

// BEGIN MUTANT probability-not-loss of=value fails=value
//! The sign is missing: this is the mean log-probability, which is never positive; a loss is minus
//! that.
//~ for (std::int64_t t = 0; t < logits.rows; ++t) {
//~   if (slice[t] != s) continue;
//~   sum += logits.row(t)[targets[t]] - log_sum_exp(logits.row(t), logits.width);
//~ }
//~ loss[s] = n == 0 ? 0 : sum / n;
// END MUTANT

// BEGIN MUTANT empty-divided of=value fails=empty-slice
//! A slice without rows gives 0 / 0; its loss is 0.
//~ for (std::int64_t t = 0; t < logits.rows; ++t) {
//~   if (slice[t] != s) continue;
//~   sum += log_sum_exp(logits.row(t), logits.width) - logits.row(t)[targets[t]];
//~ }
//~ loss[s] = sum / n;
// END MUTANT

// BEGIN MUTANT one-for-all of=factor fails=gradient
//! Every row takes the sum of all that arrives. A row belongs to one slice and takes what arrives
//! there.
//~ for (std::int64_t s = 0; s < slices; ++s) factor += dloss[s];
//~ factor = slice[t] < 0 ? 0 : factor / rows_of(slice[t], slice, logits.rows);
// END MUTANT

// BEGIN MUTANT gradient-of-the-sum of=factor fails=gradient
//! This is the gradient of the sum over a slice; its loss is a mean, so each row gets 1 / n_s of
//! it.
//~ if (slice[t] >= 0) factor = dloss[slice[t]];
//~ (void)slices;
// END MUTANT

// BEGIN MUTANT strays-pushed of=factor fails=gradient
//! Rows of no slice get a gradient, and no loss ever saw them.
//~ const std::int32_t s = std::max(slice[t], 0);
//~ factor = dloss[s] / rows_of(s, slice, logits.rows) + 0 * double(slices);
// END MUTANT

// BEGIN MUTANT wrong-way of=gradient fails=gradient
//! Your row is onehot - p: it would lower the probability of what is right. The gradient is p -
//! onehot.
//~ const double log_z = log_sum_exp(z, logits.width);
//~ for (std::int64_t v = 0; v < logits.width; ++v) {
//~   dz[v] = factor == 0 ? 0 : factor * ((v == targets[t]) - std::exp(z[v] - log_z));
//~ }
// END MUTANT

}  // namespace exercise
