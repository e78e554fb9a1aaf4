// 09a: the objective of supervised fine-tuning, from what a template gives: ids and a mask of the
// same length, neither of them shifted.
//
//   p_t  = softmax(z_t)                                z: T x V, z_t predicts the token behind t
//   L    = 1/n sum_{t >= 1, m_t = 1} -log p_{t-1}[x_t]       x: ids, m: mask (0 or 1), both T
//   n    = number of t >= 1 with m_t = 1
//
// Token 0 has nothing before it: it is never predicted, whatever its mask says. n = 0: L = 0 and
// the gradient is 0.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace exercise {

double masked_mean(pupil::View<const double> logits, const std::int32_t* ids,
                   const std::int32_t* mask);

/// dlogits = dloss * dL / d logits; every row is written, and rows that predict nothing supervised
/// are exactly 0.
void masked_mean_backward(pupil::View<double> dlogits, pupil::View<const double> logits,
                          const std::int32_t* ids, const std::int32_t* mask, double dloss);

}  // namespace exercise
