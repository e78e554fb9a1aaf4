// 03c: how far a gradient is from what it should be. Rows of `a` are gradients by a rule, rows of
// `n` the same by differences; each row belongs to another tensor, of another size. zero[i, j] = 1
// marks elements that must be exactly 0 (of masked tokens, say).
//
//   m_i  = max_j |n_ij|
//   e_ij = 2                                                where a_ij is not finite
//   e_ij = 0 if a_ij = 0, else 2                            where zero_ij = 1
//   e_ij = |a_ij - n_ij| / max(|a_ij|, |n_ij|, kFloor m_i)  elsewhere, and 0 where a_ij = n_ij
//
// The measure is 0 where all is right, 2 at most. Without the floor, elements that are small by
// chance would look wrong for their rounding; with the floor alone, a leak into a masked token
// would pass.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace exercise {

inline constexpr double kFloor = 0.1;

/// error[i] = max_j e_ij, and at[i] = the first j where it is reached. n is finite; rows are not
/// empty. zero: rows x width.
void worst_errors(double* error, std::int32_t* at, pupil::View<const double> a,
                  pupil::View<const double> n, const std::int32_t* zero);

}  // namespace exercise
