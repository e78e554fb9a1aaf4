// Normalisation of rows (the last axis) without gradients: kernels/layer_norm.h,
// kernels/rms_norm.h.
#pragma once
#include "tensor/tensor.h"

namespace pupil::tensor {

struct LayerNorm {
  Tensor out;
  Tensor mean, rstd;  ///< (rows), for backward
};
/// x: (..., C), weight: (C), bias: (C) or undefined. Throws ShapeError, DTypeError.
LayerNorm layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps);
/// dx = or += (add); dweight, dbias +=. Each of the three may be undefined: not wanted.
void layer_norm_backward(const Tensor& dx, bool add, const Tensor& dweight, const Tensor& dbias,
                         const Tensor& dout, const Tensor& x, const Tensor& weight,
                         const Tensor& mean, const Tensor& rstd);

struct RmsNorm {
  Tensor out;
  Tensor rrms;  ///< (rows), 1 / root mean square, for backward
};
/// x: (..., C), weight: (C). Throws ShapeError, DTypeError.
RmsNorm rms_norm(const Tensor& x, const Tensor& weight, double eps);
/// dx = or += (add); dweight +=. Each may be undefined: not wanted.
void rms_norm_backward(const Tensor& dx, bool add, const Tensor& dweight, const Tensor& dout,
                       const Tensor& x, const Tensor& weight, const Tensor& rrms);

}  // namespace pupil::tensor
