// Matrix products without gradients (kernels/matmul.h does the arithmetic).
#pragma once
#include "tensor/tensor.h"

namespace pupil::tensor {

/// op(a) op(b) of one of three forms: both of rank 2; equal leading axes ("batched"); or a of any
/// rank as rows, b of rank 2, trans_a off. Throws ShapeError naming both shapes.
Tensor matmul(const Tensor& a, bool trans_a, const Tensor& b, bool trans_b);
/// out = or += op(a) op(b), same forms.
void matmul_into(const Tensor& out, bool add, const Tensor& a, bool trans_a, const Tensor& b,
                 bool trans_b);
/// The shape of matmul(a, b); throws as it does.
Shape matmul_shape(const char* op, const Tensor& a, bool trans_a, const Tensor& b, bool trans_b);
/// x: (..., C) += bias: (C) on every row.
void add_bias_(const Tensor& x, const Tensor& bias);
/// out: (C) = or += sum of the rows of x: (..., C), by a fixed tree.
void sum_rows_into(const Tensor& out, bool add, const Tensor& x);

}  // namespace pupil::tensor
