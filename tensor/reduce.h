// Reductions without gradients, and the kernels behind their rules: kernels/reduce.h.
#pragma once
#include "kernels/reduce.h"
#include "tensor/tensor.h"

namespace pupil::tensor {

/// Over one axis, which disappears; a negative axis counts from the back. Throws IndexError,
/// DTypeError, and ShapeError where an empty axis has no answer (mean, max, variance).
Tensor sum(const Tensor& x, int axis);
Tensor mean(const Tensor& x, int axis);

/// Over all elements -> ().
Tensor sum(const Tensor& x);
Tensor mean(const Tensor& x);

struct Max {
  Tensor values;
  Tensor index;  ///< i32: where the first largest stands
};
Max max(const Tensor& x, int axis);

struct Variance {
  Tensor variance;  ///< biased: divided by the length of the axis
  Tensor mean;
};
Variance variance(const Tensor& x, int axis);

/// x seen as (axes before, axis, axes behind). Throws IndexError naming `op`.
cpu::Axis axis_of(const char* op, const Shape& shape, int axis);

/// The gradients: dx = or += (add), with dx seen as `axis`.
void spread(const Tensor& dx, bool add, const Tensor& dout, cpu::Axis axis, double factor);
void max_backward(const Tensor& dx, bool add, const Tensor& dout, const Tensor& index,
                  cpu::Axis axis);
void variance_backward(const Tensor& dx, bool add, const Tensor& dout, const Tensor& x,
                       const Tensor& mean, cpu::Axis axis);

}  // namespace pupil::tensor
