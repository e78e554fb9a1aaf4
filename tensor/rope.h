// Rotary positions without gradients: kernels/rope.h.
#pragma once
#include "kernels/rope.h"
#include "tensor/tensor.h"

namespace pupil::tensor {

/// x: (B, T, H, D), D even; positions: i32 (B, T). Throws ShapeError, DTypeError.
Tensor rope(const Tensor& x, const Tensor& positions, double theta, cpu::RopePairs pairs);
/// dx = or += (add) dout turned back.
void rope_backward(const Tensor& dx, bool add, const Tensor& dout, const Tensor& positions,
                   double theta, cpu::RopePairs pairs);

}  // namespace pupil::tensor
