// Root mean square normalisation over rows (Zhang and Sennrich 2019, eq. 4).
//
//   out[i,:] = inp[i,:] rrms_i weight                              inp, out: rows x width
//   rrms_i   = 1 / sqrt(avg(inp[i,:]^2) + eps)                     rrms: rows, for backward
//
//   dinp[i,:] = rrms_i (g - xhat avg(g xhat))                      g = dout[i,:] weight
//   dweight   = sum over i of dout[i,:] xhat                       xhat = inp[i,:] rrms_i
//
// forward   writes out and rrms with `=`.                             4 FLOPs an element, reads inp
//           and writes out once: 2 sizeof(T) bytes.
// backward  dinp `=`, or `+=` when add; dweight `+=`. Each may be null: its work is skipped.
//           10 FLOPs an element, reads dout and inp and writes dinp once: 3 sizeof(T) bytes.
//
// Aliasing: out may be inp; dinp may be dout when add is false. Deterministic: rows are
// independent, and dweight is summed within tiles of 64 rows, then over tiles in their order.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace pupil::cpu {

inline constexpr std::int64_t kRmsNormTile = 64;

template <class T>
void rms_norm_forward(View<T> out, T* rrms, View<const T> inp, const T* weight, T eps);

/// Elements of `scratch` that backward needs when dweight is wanted: a row a tile.
constexpr std::int64_t rms_norm_scratch(std::int64_t rows, std::int64_t width) {
  return width * ((rows + kRmsNormTile - 1) / kRmsNormTile);
}

template <class T>
void rms_norm_backward(View<T> dinp, bool add, T* dweight, T* scratch, View<const T> dout,
                       View<const T> inp, const T* weight, const T* rrms);

}  // namespace pupil::cpu
