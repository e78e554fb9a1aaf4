// 07b: how far is what a model says from what people want? In each situation i the model gives
// logits, and people were counted: counts[i, v] of them wanted token v. The two distributions are
// mixed, a share w of the model, and each is compared with the mixture (Lin 1991):
//
//   p = softmax(z_i),   q_v = counts_iv / sum_u counts_iu,   m = w p + (1 - w) q
//   D_i = w sum_v p_v log(p_v / m_v) + (1 - w) sum_v q_v log(q_v / m_v)          0 log 0 = 0
//
// D is in nats: 0 where p = q, and never more than the entropy of (w, 1 - w), however far they lie
// apart. It is the information that a token gives about who said it, the model or a person.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace exercise {

/// d[i] = D_i. logits: situations x V; counts: situations x V, no row without a count; 0 < w < 1.
/// Logits may be 10^3 apart.
void divergences(double* d, pupil::View<const double> logits, const std::int32_t* counts, double w);

/// dlogits[i, :] = dd[i] * dD_i / dz_i. Mind that m contains p.
void divergences_backward(pupil::View<double> dlogits, pupil::View<const double> logits,
                          const std::int32_t* counts, double w, const double* dd);

}  // namespace exercise
