// 08b: an objective in which end tokens weigh w and all others 1. Rows are supervised positions.
//
//   l_i = -log softmax(z_i)[y_i]                      z: n x V, y: n targets
//   c_i = w where row i is an end, else 1             ends: n flags, 0 or 1
//   L   = sum_i c_i l_i / sum_i c_i                   w = 1: the plain mean
//
// The share of the end is sum of c over ends / sum of c over all. w is no constant of nature, so
// its gradient is asked for, too: would the loss fall if the end weighed more?
//
//   dL/dw = (sum_{i is an end} l_i - n_end L) / sum_i c_i
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace exercise {

/// The w that gives `ends` end tokens among `content` others this share (0 < share < 1).
double weight_for_share(double share, std::int64_t ends, std::int64_t content);

double weighted_loss(pupil::View<const double> z, const std::int32_t* y, const std::int32_t* ends,
                     double w);

/// Writes dz; returns dw. Both times the incoming dloss.
double weighted_loss_backward(pupil::View<double> dz, pupil::View<const double> z,
                              const std::int32_t* y, const std::int32_t* ends, double w,
                              double dloss);

}  // namespace exercise
