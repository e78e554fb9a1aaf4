// 04b: the z-loss. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lessons/kit/not_done.h"

namespace exercise {

// log sum_v exp(z_v) of one row, shifted by its largest element.
double log_normaliser(const double* z, std::int64_t width) {
  // BEGIN SOLUTION normaliser
  //| not_done("the logarithm of the normaliser");
  const double largest = *std::max_element(z, z + width);
  double total = 0;
  for (std::int64_t v = 0; v < width; ++v) total += std::exp(z[v] - largest);
  return largest + std::log(total);
  // END SOLUTION
}

void z_loss(double* loss, pupil::View<const double> logits, const std::int32_t* targets,
            double weight) {
  for (std::int64_t i = 0; i < logits.rows; ++i) {
    const double* z = logits.row(i);
    // BEGIN SOLUTION value
    //| loss[i] = 0;  // TODO: Z - z[y] + weight Z^2
    //| not_done("the loss of a row");
    const double log_z = log_normaliser(z, logits.width);
    loss[i] = log_z - z[targets[i]] + weight * log_z * log_z;
    // END SOLUTION
  }
}

void z_loss_backward(pupil::View<double> dlogits, pupil::View<const double> logits,
                     const std::int32_t* targets, double weight, const double* dloss) {
  for (std::int64_t i = 0; i < logits.rows; ++i) {
    const double* z = logits.row(i);
    double* dz = dlogits.row(i);
    const double log_z = log_normaliser(z, logits.width);
    for (std::int64_t v = 0; v < logits.width; ++v) {
      // BEGIN SOLUTION gradient
      //| // What is d Z / d z_v? Everything else is the chain rule.
      //| not_done("the gradient of an element");
      const double p = std::exp(z[v] - log_z);
      dz[v] += dloss[i] * (p * (1 + 2 * weight * log_z) - (v == targets[i]));
      // END SOLUTION
    }
  }
}

// BEGIN MUTANT max-not-added-back of=normaliser fails=value
//! log_normaliser leaves the largest logit out: you subtracted it in the exponent and did not add
//! it back.
//~ const double largest = *std::max_element(z, z + width);
//~ double total = 0;
//~ for (std::int64_t v = 0; v < width; ++v) total += std::exp(z[v] - largest);
//~ return std::log(total);
// END MUTANT

// BEGIN MUTANT no-max of=normaliser fails=shift
//! exp overflows: shift the exponents of a row by its largest logit before you sum.
//~ double total = 0;
//~ for (std::int64_t v = 0; v < width; ++v) total += std::exp(z[v]);
//~ return std::log(total);
// END MUTANT

// BEGIN MUTANT not-squared of=value fails=value
//! The penalty is weight * Z, not weight * Z^2.
//~ const double log_z = log_normaliser(z, logits.width);
//~ loss[i] = log_z - z[targets[i]] + weight * log_z;
// END MUTANT

// BEGIN MUTANT penalty-alone of=value fails=value
//! The target's logit is missing: this is Z + weight Z^2, the same whatever the target is.
//~ const double log_z = log_normaliser(z, logits.width);
//~ loss[i] = log_z + weight * log_z * log_z;
// END MUTANT

// BEGIN MUTANT two-forgotten of=gradient fails=gradient
//! The derivative of Z^2 is 2 Z dZ: the 2 is missing.
//~ const double p = std::exp(z[v] - log_z);
//~ dz[v] += dloss[i] * (p * (1 + weight * log_z) - (v == targets[i]));
// END MUTANT

// BEGIN MUTANT penalty-forgotten of=gradient fails=gradient
//! This is the gradient of the plain cross-entropy: the penalty has a gradient, too.
//~ const double p = std::exp(z[v] - log_z);
//~ dz[v] += dloss[i] * (p - (v == targets[i]));
// END MUTANT

// BEGIN MUTANT penalty-on-target of=gradient fails=gradient
//! The penalty's factor belongs to p alone; you applied it to p - onehot(y).
//~ const double p = std::exp(z[v] - log_z);
//~ dz[v] += dloss[i] * (1 + 2 * weight * log_z) * (p - (v == targets[i]));
// END MUTANT

// BEGIN MUTANT overwritten of=gradient fails=added
//! dlogits is overwritten; exercise.h asks for +=, so that several losses can share one array.
//~ const double p = std::exp(z[v] - log_z);
//~ dz[v] = dloss[i] * (p * (1 + 2 * weight * log_z) - (v == targets[i]));
// END MUTANT

}  // namespace exercise
