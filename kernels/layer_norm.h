// Layer normalisation over rows (Ba, Kiros and Hinton 2016, eq. 4).
//
//   out[i,:] = (inp[i,:] - mean_i) rstd_i weight + bias            inp, out: rows x width
//   rstd_i   = 1 / sqrt(var_i + eps), var_i divided by width       mean, rstd: rows, for backward
//
//   dinp[i,:] = rstd_i (g - avg(g) - xhat avg(g xhat))             g = dout[i,:] weight
//   dweight   = sum over i of dout[i,:] xhat                       xhat = (inp[i,:] - mean_i)
//   rstd_i dbias     = sum over i of dout[i,:]
//
// forward   writes out, mean, rstd with `=`. bias may be null: 0.     8 FLOPs an element, reads inp
//           and writes out once: 2 sizeof(T) bytes.
// backward  dinp `=`, or `+=` when add; dweight, dbias `+=`. Each of the three may be null: its
//           work is skipped.                                          14 FLOPs an element, reads
//           dout and inp and writes dinp once: 3 sizeof(T) bytes.
//
// The variance takes two passes over a row that is in the cache by then: sums of squares of
// inp - mean, never the difference of two large sums. A mean 10^4 times the deviation costs
// nothing.
//
// Aliasing: out may be inp; dinp may be dout when add is false. Deterministic: rows are
// independent, and dweight and dbias are summed within tiles of 64 rows, then over tiles in their
// order.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace pupil::cpu {

inline constexpr std::int64_t kLayerNormTile = 64;

template <class T>
void layer_norm_forward(View<T> out, T* mean, T* rstd, View<const T> inp, const T* weight,
                        const T* bias, T eps);

/// Elements of `scratch` that backward needs when dweight or dbias is wanted: two rows a tile.
constexpr std::int64_t layer_norm_scratch(std::int64_t rows, std::int64_t width) {
  return 2 * width * ((rows + kLayerNormTile - 1) / kLayerNormTile);
}

template <class T>
void layer_norm_backward(View<T> dinp, bool add, T* dweight, T* dbias, T* scratch,
                         View<const T> dout, View<const T> inp, const T* weight, const T* mean,
                         const T* rstd);

}  // namespace pupil::cpu
