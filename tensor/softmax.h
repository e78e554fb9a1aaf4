// Softmax of rows (the last axis) without gradients: kernels/softmax.h has the formulas.
#pragma once
#include "tensor/tensor.h"

namespace pupil::tensor {

/// x: (..., C) -> (..., C). Throws ShapeError for a scalar or an empty last axis, DTypeError.
Tensor softmax(const Tensor& x);
Tensor log_softmax(const Tensor& x);
/// x: (..., C) -> (...).
Tensor logsumexp(const Tensor& x);

/// dx = or += (add). `out` is what the forward function returned.
void softmax_backward(const Tensor& dx, bool add, const Tensor& dout, const Tensor& out);
void log_softmax_backward(const Tensor& dx, bool add, const Tensor& dout, const Tensor& out);
void logsumexp_backward(const Tensor& dx, bool add, const Tensor& dout, const Tensor& x,
                        const Tensor& out);

}  // namespace pupil::tensor
