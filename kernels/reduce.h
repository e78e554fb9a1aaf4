// Reductions over one axis, and their gradients.
//
// A tensor is seen as (outer, n, inner): the axes before, the axis itself, the axes behind. Results
// are (outer, inner): the axis is gone.
//
//   sum        out[o,i] = sum_k inp[o,k,i] / divisor               divisor n: the mean
//   spread     dinp[o,k,i] = or += factor dout[o,i]                the gradient of sum and mean
//   max        out[o,i] = max_k inp[o,k,i], index = the first such k; a NaN counts as the largest
//   max_backward       dinp[o,k,i] = or += dout[o,i] if k is index[o,i], else 0
//   variance   out[o,i] = sum_k (inp[o,k,i] - mean[o,i])^2 / n     biased; writes mean, too
//   variance_backward  dinp[o,k,i] = or += dout[o,i] 2 (inp[o,k,i] - mean[o,i]) / n
//
// Each reads inp once (variance: three times) and writes its result once; backward functions write
// dinp with `=`, or `+=` when add. 1 FLOP an element (variance: 4). Nothing may overlap.
//
// Deterministic: a long sum is a fixed tree. Of a row, parts of kSumChunk elements are added lane
// by lane; of columns, blocks of 128 numbers; then the parts one after the other.
#pragma once
#include <cstdint>

namespace pupil::cpu {

struct Axis {
  std::int64_t outer, n, inner;
};

template <class T>
void sum(T* out, const T* inp, Axis axis, T divisor);
template <class T>
void spread(T* dinp, bool add, const T* dout, Axis axis, T factor);

template <class T>
void max(T* out, std::int32_t* index, const T* inp, Axis axis);
template <class T>
void max_backward(T* dinp, bool add, const T* dout, const std::int32_t* index, Axis axis);

template <class T>
void variance(T* out, T* mean, const T* inp, Axis axis);
template <class T>
void variance_backward(T* dinp, bool add, const T* dout, const T* inp, const T* mean, Axis axis);

/// The first level of a sum over everything: out[c] = sum of the c-th kSumChunk elements of inp.
inline constexpr std::int64_t kSumChunk = 8192;
template <class T>
void sum_chunks(T* out, const T* inp, std::int64_t n);

}  // namespace pupil::cpu
