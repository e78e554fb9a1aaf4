// 09c: messages with weights. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "lessons/kit/not_done.h"

namespace exercise {

void weighted_targets(std::int32_t* targets, double* weights, const std::int32_t* ids,
                      const Message* messages, std::int64_t count) {
  std::int64_t begin = 0;  // the first token of a message
  for (const Message* m = messages; m < messages + count; ++m) {
    const std::int64_t length = m->header + m->content + 1;
    for (std::int64_t i = 0; i < length; ++i) {
      const std::int64_t token = begin + i;
      // BEGIN SOLUTION row
      //| // Which row predicts this token, and what is the token worth there?
      //| (void)ids, (void)token;
      //| not_done("the target of a token");
      if (token == 0) continue;
      weights[token - 1] = i < m->header ? 0 : m->weight / double(m->content + 1);
      targets[token - 1] = weights[token - 1] > 0 ? ids[token] : kIgnore;
      // END SOLUTION
    }
    begin += length;
  }
  targets[begin - 1] = kIgnore;  // nothing stands behind the last token
  weights[begin - 1] = 0;
}

// log sum_v exp(z_v) of one row.
static double log_sum_exp(const double* z, std::int64_t width) {
  const double largest = *std::max_element(z, z + width);
  double total = 0;
  for (std::int64_t v = 0; v < width; ++v) total += std::exp(z[v] - largest);
  return largest + std::log(total);
}

// What the sum is divided by.
static double divisor(const double* weights, std::int64_t rows) {
  // BEGIN SOLUTION divisor
  //| (void)weights, (void)rows;
  //| not_done("what the sum is divided by");
  return std::accumulate(weights, weights + rows, 0.0);
  // END SOLUTION
}

double weighted_loss(pupil::View<const double> logits, const std::int32_t* targets,
                     const double* weights) {
  const double by = divisor(weights, logits.rows);
  // BEGIN SOLUTION value
  //| (void)targets, (void)log_sum_exp, (void)by;
  //| not_done("the loss");
  double weighted_sum = 0;
  for (std::int64_t t = 0; t < logits.rows; ++t) {
    if (targets[t] == kIgnore) continue;
    const double nll = log_sum_exp(logits.row(t), logits.width) - logits.row(t)[targets[t]];
    weighted_sum += weights[t] * nll;
  }
  return by > 0 ? weighted_sum / by : 0;
  // END SOLUTION
}

void weighted_loss_backward(pupil::View<double> dlogits, pupil::View<const double> logits,
                            const std::int32_t* targets, const double* weights, double dloss) {
  const double by = divisor(weights, logits.rows);
  for (std::int64_t t = 0; t < logits.rows; ++t) {
    const double* z = logits.row(t);
    double* dz = dlogits.row(t);
    // BEGIN SOLUTION gradient
    //| // How much of dloss belongs to this row?
    //| (void)z, (void)dz, (void)by, (void)targets, (void)dloss;
    //| not_done("the gradient of a row");
    const double share = targets[t] == kIgnore ? 0 : dloss * weights[t] / by;
    const double log_z = log_sum_exp(z, logits.width);
    for (std::int64_t v = 0; v < logits.width; ++v) {
      dz[v] = share == 0 ? 0 : share * (std::exp(z[v] - log_z) - (v == targets[t]));
    }
    // END SOLUTION
  }
}

// BEGIN MUTANT not-shared of=row fails=row
//! Every token has the whole weight of its message: a message of ten tokens counts ten times.
//~ if (token == 0) continue;
//~ weights[token - 1] = i < m->header ? 0 : m->weight;
//~ targets[token - 1] = weights[token - 1] > 0 ? ids[token] : kIgnore;
// END MUTANT

// BEGIN MUTANT headers-count of=row fails=row
//! Headers share the weight of their message, too. They are the template's: no model has to learn
//! what is always written for it.
//~ if (token == 0) continue;
//~ weights[token - 1] = m->weight / double(length);
//~ targets[token - 1] = m->weight > 0 ? ids[token] : kIgnore;
// END MUTANT

// BEGIN MUTANT end-without-weight of=row fails=row
//! The end token of a message has no weight from you: such a model does not learn to stop.
//~ if (token == 0) continue;
//~ const bool content = i >= m->header && i + 1 < length;
//~ weights[token - 1] = content ? m->weight / double(m->content) : 0;
//~ targets[token - 1] = weights[token - 1] > 0 ? ids[token] : kIgnore;
// END MUTANT

// BEGIN MUTANT not-shifted of=row fails=row
//! Row t has token t as its target, which it has read already: it predicts token t + 1.
//~ weights[token] = i < m->header ? 0 : m->weight / double(m->content + 1);
//~ targets[token] = weights[token] > 0 ? ids[token] : kIgnore;
// END MUTANT

// BEGIN MUTANT weight-of-the-row of=row fails=row
//! Your targets are shifted, your weights are not: a weight belongs to the token that is predicted.
//~ if (token == 0) continue;
//~ const Message* at = i > 0 ? m : m - 1;
//~ weights[token - 1] = i > 0 && i <= m->header ? 0 : at->weight / double(at->content + 1);
//~ targets[token - 1] = weights[token - 1] > 0 ? ids[token] : kIgnore;
// END MUTANT

// BEGIN MUTANT weight-made-a-mask of=row fails=row
//! Every message that counts has weight 1 from you: what was to be learned a little is learned in
//! full.
//~ if (token == 0) continue;
//~ weights[token - 1] = i >= m->header && m->weight > 0 ? 1 / double(m->content + 1) : 0;
//~ targets[token - 1] = weights[token - 1] > 0 ? ids[token] : kIgnore;
// END MUTANT

// BEGIN MUTANT divided-by-count of=divisor fails=value
//! You divided by how many tokens count; a weighted mean divides by the sum of their weights.
//~ return double(std::count_if(weights, weights + rows, [](double w) { return w > 0; }));
// END MUTANT

// BEGIN MUTANT divided-by-rows of=divisor fails=value
//! You divided by all rows, those without a target as well.
//~ (void)weights;
//~ return double(rows);
// END MUTANT

// BEGIN MUTANT weights-only-below of=value fails=value
//! The weights stand in your divisor and not in your sum.
//~ double sum = 0;
//~ for (std::int64_t t = 0; t < logits.rows; ++t) {
//~   if (targets[t] == kIgnore) continue;
//~   sum += log_sum_exp(logits.row(t), logits.width) - logits.row(t)[targets[t]];
//~ }
//~ return by > 0 ? sum / by : 0;
// END MUTANT

// BEGIN MUTANT nothing-by-nothing of=value fails=nothing-weighted
//! No row counts, and you divide 0 by 0.
//~ double weighted_sum = 0;
//~ for (std::int64_t t = 0; t < logits.rows; ++t) {
//~   if (targets[t] == kIgnore) continue;
//~   const double nll = log_sum_exp(logits.row(t), logits.width) - logits.row(t)[targets[t]];
//~   weighted_sum += weights[t] * nll;
//~ }
//~ return weighted_sum / by;
// END MUTANT

// BEGIN MUTANT gradient-alike-for-all of=gradient fails=gradient
//! Every row that counts gets the same share of the gradient; its weight is missing.
//~ const double log_z = log_sum_exp(z, logits.width);
//~ for (std::int64_t v = 0; v < logits.width; ++v) {
//~   dz[v] = targets[t] == kIgnore ? 0 : dloss / by * (std::exp(z[v] - log_z) - (v == targets[t]));
//~ }
// END MUTANT

// BEGIN MUTANT gradient-not-divided of=gradient fails=gradient
//! This is the gradient of the weighted sum; the loss divides it by the sum of the weights.
//~ const double log_z = log_sum_exp(z, logits.width);
//~ for (std::int64_t v = 0; v < logits.width; ++v) {
//~   const double difference = std::exp(z[v] - log_z) - (v == targets[t]);
//~   dz[v] = targets[t] == kIgnore ? 0 : dloss * weights[t] * difference;
//~ }
// END MUTANT

// BEGIN MUTANT weight-on-p-alone of=gradient fails=gradient
//! Your weight multiplies p alone; it belongs to the whole of p - onehot(y).
//~ const double log_z = log_sum_exp(z, logits.width);
//~ for (std::int64_t v = 0; v < logits.width; ++v) {
//~   const double difference = weights[t] * std::exp(z[v] - log_z) - (v == targets[t]);
//~   dz[v] = targets[t] == kIgnore ? 0 : dloss / by * difference;
//~ }
// END MUTANT

}  // namespace exercise
