// 11b: one loss a slice. Row t of the logits predicts targets[t], and belongs to slice[t]: known
// people, unknown people, questions, documents ... or to none, -1. Of slice s, with n_s rows:
//
//   L_s = 1/n_s sum_{t: slice_t = s} -log softmax(z_t)[y_t]        n_s = 0: L_s = 0
//
// The losses are weighted outside, so a gradient g_s arrives for each: row t takes that of its
// slice.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace exercise {

/// loss[s] for 0 <= s < slices. targets, slice: one a row.
void loss_by_slice(double* loss, std::int64_t slices, pupil::View<const double> logits,
                   const std::int32_t* targets, const std::int32_t* slice);

/// dlogits = sum_s dloss[s] * dL_s / d logits; every row is written, and rows of no slice are
/// exactly 0.
void loss_by_slice_backward(pupil::View<double> dlogits, const double* dloss, std::int64_t slices,
                            pupil::View<const double> logits, const std::int32_t* targets,
                            const std::int32_t* slice);

}  // namespace exercise
