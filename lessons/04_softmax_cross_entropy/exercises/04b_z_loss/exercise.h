// 04b: the z-loss (Chowdhery et al. 2022, PaLM, section 5): next to the cross-entropy, a penalty on
// the logarithm of the softmax's normaliser, which otherwise may drift without any change of the
// probabilities.
//
//   Z_i    = log sum_v exp(z_iv)                       z: rows x V, one target y_i < V a row
//   loss_i = Z_i - z_i[y_i] + weight * Z_i^2           one number a row, nothing is averaged
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace exercise {

/// Writes loss_i for each row. Finite for logits of 1e4.
void z_loss(double* loss, pupil::View<const double> logits, const std::int32_t* targets,
            double weight);

/// dlogits += d (sum_i dloss[i] loss_i) / d logits: what stands there stays.
void z_loss_backward(pupil::View<double> dlogits, pupil::View<const double> logits,
                     const std::int32_t* targets, double weight, const double* dloss);

}  // namespace exercise
