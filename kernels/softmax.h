// Softmax and its logarithm over rows, each shifted by its largest element so that nothing
// overflows.
//
//   m = max(x),  s = sum(exp(x - m))                               one row x of inp: rows x width
//   softmax        y = exp(x - m) / s                              dx = y (dy - sum(dy y))
//   log_softmax    y = x - m - log(s)                              dx = dy - exp(y) sum(dy)
//   logsumexp      l = m + log(s), one number a row                dx = dl exp(x - l)
//
// forward   writes out with `=`.              4 FLOPs and one exp an element; reads inp once or, in
//           rows wider than the cache, two or three times; writes out once.
// backward  dinp `=`, or `+=` when add.       softmax reads out, dout: 4 FLOPs an element;
//           log_softmax the same with one exp an element; logsumexp reads inp: one exp, 2 FLOPs.
//
// A row of -inf alone has logsumexp -inf and no softmax (NaN); NaN anywhere in a row gives NaN.
// Aliasing: out may be inp; dinp may be dout when add is false. Deterministic: rows are
// independent.
#pragma once
#include "kernels/view.h"

namespace pupil::cpu {

template <class T>
void softmax_forward(View<T> out, View<const T> inp);
template <class T>
void softmax_backward(View<T> dinp, bool add, View<const T> dout, View<const T> out);

template <class T>
void log_softmax_forward(View<T> out, View<const T> inp);
template <class T>
void log_softmax_backward(View<T> dinp, bool add, View<const T> dout, View<const T> out);

/// out, dout: one element a row.
template <class T>
void logsumexp_forward(T* out, View<const T> inp);
template <class T>
void logsumexp_backward(View<T> dinp, bool add, const T* dout, View<const T> inp, const T* out);

}  // namespace pupil::cpu
