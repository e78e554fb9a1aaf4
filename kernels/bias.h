// A bias: one number a column, added to every row; and sums over rows, which are its gradient.
//
//   add_bias    x[i,:] += bias                                          x: rows x width
//   column_sum  out = or += sum over i of x[i,:]                        out: width
//   bias_gelu   out[i,:] = gelu_tanh(inp[i,:] + bias)                   (kernels/unary.h, GeluTanh)
//               dinp[i,:] = or += dout[i,:] gelu_tanh'(inp[i,:] + bias)     dbias: its column_sum
//
// Each reads every operand and writes every result once; bias_gelu keeps nothing but inp, which
// saves writing and reading inp + bias. Aliasing: out may be inp, dinp may be dout when add is
// false.
//
// Deterministic: column_sum is a tree, over 64 rows one by one, then over pairs of such sums, pairs
// of pairs, ...: its rounding error grows with the logarithm of rows.
#pragma once
#include "kernels/view.h"

namespace pupil::cpu {

template <class T>
void add_bias(View<T> x, const T* bias);
template <class T>
void column_sum(T* out, View<const T> x, bool add);

template <class T>
void bias_gelu_forward(View<T> out, View<const T> inp, const T* bias);
template <class T>
void bias_gelu_backward(View<T> dinp, bool add, View<const T> dout, View<const T> inp,
                        const T* bias);

}  // namespace pupil::cpu
