// 08b: the weight of the end. What to compute stands in exercise.h; task.md says why.
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

double weight_for_share(double share, std::int64_t ends, std::int64_t content) {
  // BEGIN SOLUTION share
  //| (void)share, (void)ends, (void)content;
  //| not_done("the weight for a share");
  return share / (1 - share) * double(content) / double(ends);
  // END SOLUTION
}

double weighted_loss(pupil::View<const double> z, const std::int32_t* y, const std::int32_t* ends,
                     double w) {
  // BEGIN SOLUTION value
  //| // Two sums: of the weighted losses, and of the weights.
  //| (void)z, (void)y, (void)ends, (void)w;
  //| not_done("the loss");
  double sum = 0, weights = 0;
  for (std::int64_t i = 0; i < z.rows; ++i) {
    const double c = ends[i] ? w : 1;
    sum += c * (log_sum_exp(z.row(i), z.width) - z.row(i)[y[i]]);
    weights += c;
  }
  return sum / weights;
  // END SOLUTION
}

double weighted_loss_backward(pupil::View<double> dz, pupil::View<const double> z,
                              const std::int32_t* y, const std::int32_t* ends, double w,
                              double dloss) {
  double weights = 0;
  for (std::int64_t i = 0; i < z.rows; ++i) weights += ends[i] ? w : 1;
  for (std::int64_t i = 0; i < z.rows; ++i) {
    const double log_z = log_sum_exp(z.row(i), z.width);
    // BEGIN SOLUTION logits
    //| (void)dz, (void)log_z, (void)dloss;
    //| not_done("dz of a row");
    const double c = dloss * (ends[i] ? w : 1) / weights;
    for (std::int64_t v = 0; v < z.width; ++v) {
      dz.row(i)[v] = c * (std::exp(z.row(i)[v] - log_z) - (v == y[i]));
    }
    // END SOLUTION
  }
  // BEGIN SOLUTION weight
  //| not_done("dw");
  const double loss = weighted_loss(z, y, ends, w);
  double above = 0;
  for (std::int64_t i = 0; i < z.rows; ++i) {
    if (ends[i]) above += log_sum_exp(z.row(i), z.width) - z.row(i)[y[i]] - loss;
  }
  return dloss * above / weights;
  // END SOLUTION
}

// BEGIN MUTANT share-is-the-weight of=share fails=share
//! You multiplied by the share alone: the rest of the weight, 1 - share, belongs to the content.
//~ return share * double(content) / double(ends);
// END MUTANT

// BEGIN MUTANT counts-swapped of=share fails=share
//! Content and ends are swapped: with more content, your ends weigh less.
//~ return share / (1 - share) * double(ends) / double(content);
// END MUTANT

// BEGIN MUTANT divided-by-rows of=value fails=value
//! You divided by the number of rows; a weighted mean divides by the sum of the weights.
//~ double sum = 0, weights = 0;
//~ for (std::int64_t i = 0; i < z.rows; ++i) {
//~   const double c = ends[i] ? w : 1;
//~   sum += c * (log_sum_exp(z.row(i), z.width) - z.row(i)[y[i]]);
//~   weights += 1;
//~ }
//~ return sum / weights;
// END MUTANT

// BEGIN MUTANT weight-ignored of=value fails=value
//! w is not in the loss: every row weighs 1.
//~ (void)ends, (void)w;
//~ double sum = 0, weights = 0;
//~ for (std::int64_t i = 0; i < z.rows; ++i) {
//~   const double c = 1;
//~   sum += c * (log_sum_exp(z.row(i), z.width) - z.row(i)[y[i]]);
//~   weights += c;
//~ }
//~ return sum / weights;
// END MUTANT

// BEGIN MUTANT content-weighted of=value fails=value
//! w weighs the content; it belongs to the ends.
//~ double sum = 0, weights = 0;
//~ for (std::int64_t i = 0; i < z.rows; ++i) {
//~   const double c = ends[i] ? 1 : w;
//~   sum += c * (log_sum_exp(z.row(i), z.width) - z.row(i)[y[i]]);
//~   weights += c;
//~ }
//~ return sum / weights;
// END MUTANT

// BEGIN MUTANT mean-of-two-means of=value fails=value
//! You averaged ends and content apart and weighed the two means; the weights belong to rows.
//~ double sum_end = 0, sum_rest = 0, n_end = 0, n_rest = 0;
//~ for (std::int64_t i = 0; i < z.rows; ++i) {
//~   (ends[i] ? sum_end : sum_rest) += log_sum_exp(z.row(i), z.width) - z.row(i)[y[i]];
//~   (ends[i] ? n_end : n_rest) += 1;
//~ }
//~ return (w * sum_end / n_end + sum_rest / n_rest) / (w + 1);
// END MUTANT

// BEGIN MUTANT rows-not-weighted of=logits fails=gradient
//! dz treats all rows alike: the weight of its row stands in front of each.
//~ const double c = dloss / weights;
//~ for (std::int64_t v = 0; v < z.width; ++v) {
//~   dz.row(i)[v] = c * (std::exp(z.row(i)[v] - log_z) - (v == y[i]));
//~ }
// END MUTANT

// BEGIN MUTANT gradient-divided-by-rows of=logits fails=gradient
//! dz is divided by the number of rows; the loss divides by the sum of the weights.
//~ const double c = dloss * (ends[i] ? w : 1) / double(z.rows);
//~ for (std::int64_t v = 0; v < z.width; ++v) {
//~   dz.row(i)[v] = c * (std::exp(z.row(i)[v] - log_z) - (v == y[i]));
//~ }
// END MUTANT

// BEGIN MUTANT denominator-forgotten of=weight fails=gradient
//! dw forgets that w stands in the denominator, too: more weight for the ends is less for the rest.
//~ double above = 0;
//~ for (std::int64_t i = 0; i < z.rows; ++i) {
//~   if (ends[i]) above += log_sum_exp(z.row(i), z.width) - z.row(i)[y[i]];
//~ }
//~ return dloss * above / weights;
// END MUTANT

// BEGIN MUTANT content-in-dw of=weight fails=gradient
//! Every row is in dw; w weighs the ends alone.
//~ const double loss = weighted_loss(z, y, ends, w);
//~ double above = 0;
//~ for (std::int64_t i = 0; i < z.rows; ++i) {
//~   above += log_sum_exp(z.row(i), z.width) - z.row(i)[y[i]] - loss;
//~ }
//~ return dloss * above / weights;
// END MUTANT

// BEGIN MUTANT weight-in-dw of=weight fails=gradient
//! dw still has the factor w: the derivative of w l is l.
//~ const double loss = weighted_loss(z, y, ends, w);
//~ double above = 0;
//~ for (std::int64_t i = 0; i < z.rows; ++i) {
//~   if (ends[i]) above += log_sum_exp(z.row(i), z.width) - z.row(i)[y[i]] - loss;
//~ }
//~ return dloss * w * above / weights;
// END MUTANT

}  // namespace exercise
