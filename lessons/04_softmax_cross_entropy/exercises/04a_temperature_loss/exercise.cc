// 04a: cross-entropy at a temperature. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lessons/kit/not_done.h"

namespace exercise {

double temperature_loss(pupil::View<const double> logits, const std::int32_t* targets, double tau) {
  // BEGIN SOLUTION value
  //| // One row: log(sum_v exp(z_v / tau)) - z_y / tau. Subtract the largest exponent first.
  //| not_done("the loss");
  double sum = 0;
  for (std::int64_t i = 0; i < logits.rows; ++i) {
    const double* z = logits.row(i);
    const double largest = *std::max_element(z, z + logits.width);
    double total = 0;
    for (std::int64_t v = 0; v < logits.width; ++v) total += std::exp((z[v] - largest) / tau);
    sum += std::log(total) + (largest - z[targets[i]]) / tau;
  }
  return sum / double(logits.rows);
  // END SOLUTION
}

double temperature_loss_backward(pupil::View<double> dlogits, pupil::View<const double> logits,
                                 const std::int32_t* targets, double tau, double dloss) {
  // BEGIN SOLUTION gradient
  //| // With u = z / tau the gradient by u is the one you know; then the chain rule, for z and tau.
  //| not_done("the gradients");
  double dtau = 0;
  for (std::int64_t i = 0; i < logits.rows; ++i) {
    const double* z = logits.row(i);
    double* dz = dlogits.row(i);
    const double largest = *std::max_element(z, z + logits.width);
    double total = 0;
    for (std::int64_t v = 0; v < logits.width; ++v)
      total += dz[v] = std::exp((z[v] - largest) / tau);
    for (std::int64_t v = 0; v < logits.width; ++v) {
      const double du = dloss * (dz[v] / total - (v == targets[i])) / double(logits.rows);
      dz[v] = du / tau;
      dtau -= du * z[v] / (tau * tau);
    }
  }
  return dtau;
  // END SOLUTION
}

// BEGIN MUTANT sum-not-mean of=value fails=value
//! You summed over the rows; the loss is their mean.
//~ double sum = 0;
//~ for (std::int64_t i = 0; i < logits.rows; ++i) {
//~   const double* z = logits.row(i);
//~   const double largest = *std::max_element(z, z + logits.width);
//~   double total = 0;
//~   for (std::int64_t v = 0; v < logits.width; ++v) total += std::exp((z[v] - largest) / tau);
//~   sum += std::log(total) + (largest - z[targets[i]]) / tau;
//~ }
//~ return sum;
// END MUTANT

// BEGIN MUTANT max-not-added-back of=value fails=value
//! You subtracted the largest logit inside the exponent, but did not add it back to the logarithm.
//~ double sum = 0;
//~ for (std::int64_t i = 0; i < logits.rows; ++i) {
//~   const double* z = logits.row(i);
//~   const double largest = *std::max_element(z, z + logits.width);
//~   double total = 0;
//~   for (std::int64_t v = 0; v < logits.width; ++v) total += std::exp((z[v] - largest) / tau);
//~   sum += std::log(total) - z[targets[i]] / tau;
//~ }
//~ return sum / double(logits.rows);
// END MUTANT

// BEGIN MUTANT target-not-divided of=value fails=value
//! You divided the logits by tau in the sum of exponentials, but not the logit of the target.
//~ double sum = 0;
//~ for (std::int64_t i = 0; i < logits.rows; ++i) {
//~   const double* z = logits.row(i);
//~   const double largest = *std::max_element(z, z + logits.width);
//~   double total = 0;
//~   for (std::int64_t v = 0; v < logits.width; ++v) total += std::exp((z[v] - largest) / tau);
//~   sum += std::log(total) + largest / tau - z[targets[i]];
//~ }
//~ return sum / double(logits.rows);
// END MUTANT

// BEGIN MUTANT no-max of=value fails=stable
//! The exponents are not shifted by the largest logit: exp overflows for logits of 1e4.
//~ double sum = 0;
//~ for (std::int64_t i = 0; i < logits.rows; ++i) {
//~   const double* z = logits.row(i);
//~   double total = 0;
//~   for (std::int64_t v = 0; v < logits.width; ++v) total += std::exp(z[v] / tau);
//~   sum += std::log(total) - z[targets[i]] / tau;
//~ }
//~ return sum / double(logits.rows);
// END MUTANT

// BEGIN MUTANT tau-forgotten of=gradient fails=gradient
//! The chain rule through z / tau is missing: the gradient by the logits lacks the factor 1 / tau.
//~ double dtau = 0;
//~ for (std::int64_t i = 0; i < logits.rows; ++i) {
//~   const double* z = logits.row(i);
//~   double* dz = dlogits.row(i);
//~   const double largest = *std::max_element(z, z + logits.width);
//~   double total = 0;
//~   for (std::int64_t v = 0; v < logits.width; ++v) total += dz[v] = std::exp((z[v] - largest) / tau);
//~   for (std::int64_t v = 0; v < logits.width; ++v) {
//~     dz[v] = dloss * (dz[v] / total - (v == targets[i])) / double(logits.rows);
//~     dtau -= dz[v] * z[v] / (tau * tau);
//~   }
//~ }
//~ return dtau;
// END MUTANT

// BEGIN MUTANT target-forgotten of=gradient fails=gradient
//! You wrote the probabilities p; the gradient is p - onehot(y): the 1 of the target is missing.
//~ double dtau = 0;
//~ for (std::int64_t i = 0; i < logits.rows; ++i) {
//~   const double* z = logits.row(i);
//~   double* dz = dlogits.row(i);
//~   const double largest = *std::max_element(z, z + logits.width);
//~   double total = 0;
//~   for (std::int64_t v = 0; v < logits.width; ++v) total += dz[v] = std::exp((z[v] - largest) / tau);
//~   for (std::int64_t v = 0; v < logits.width; ++v) {
//~     const double du = dloss * (dz[v] / total) / double(logits.rows);
//~     dz[v] = du / tau;
//~     dtau -= du * z[v] / (tau * tau);
//~   }
//~ }
//~ return dtau;
// END MUTANT

// BEGIN MUTANT tau-sign of=gradient fails=gradient
//! The gradient by tau has the wrong sign: d(z / tau) / d tau = -z / tau^2.
//~ double dtau = 0;
//~ for (std::int64_t i = 0; i < logits.rows; ++i) {
//~   const double* z = logits.row(i);
//~   double* dz = dlogits.row(i);
//~   const double largest = *std::max_element(z, z + logits.width);
//~   double total = 0;
//~   for (std::int64_t v = 0; v < logits.width; ++v) total += dz[v] = std::exp((z[v] - largest) / tau);
//~   for (std::int64_t v = 0; v < logits.width; ++v) {
//~     const double du = dloss * (dz[v] / total - (v == targets[i])) / double(logits.rows);
//~     dz[v] = du / tau;
//~     dtau += du * z[v] / (tau * tau);
//~   }
//~ }
//~ return dtau;
// END MUTANT

}  // namespace exercise
