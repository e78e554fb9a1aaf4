// 04a: the loss of a model whose logits are divided by a temperature that is trained, too.
//
//   p_i  = softmax(z_i / tau)                        z: rows x V, one target y_i < V a row
//   loss = 1/rows sum_i -log p_i[y_i]                tau > 0
//
// Guo et al. 2017, "On calibration of modern neural networks", fit tau this way after training.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace exercise {

/// The loss. Logits of 1e4 must neither overflow nor lose digits.
double temperature_loss(pupil::View<const double> logits, const std::int32_t* targets, double tau);

/// dlogits = dloss * d loss / d logits (every element written);
/// returns dloss * d loss / d tau.
double temperature_loss_backward(pupil::View<double> dlogits, pupil::View<const double> logits,
                                 const std::int32_t* targets, double tau, double dloss);

}  // namespace exercise
