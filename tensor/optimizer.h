// Optimizer steps on tensors (kernels/optimizer.h has the formulas). Each changes `weight` and its
// state in place and marks the weight's storage as changed, so that the tape refuses to
// differentiate through values from before the step.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace pupil::tensor {

struct AdamWStep {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  std::int64_t step = 1;  ///< 1 for the first
  double grad_scale = 1;  ///< from clipping
};
/// All of one shape and element type; m and v start at 0. Throws ShapeError, DTypeError.
void adamw_step(const Tensor& weight, const Tensor& m, const Tensor& v, const Tensor& grad,
                const AdamWStep& options);

struct SgdStep {
  double lr = 1e-2;
  double momentum = 0;
  double weight_decay = 0;
  bool nesterov = false;
  bool first = false;  ///< the buffer holds nothing yet
  double grad_scale = 1;
};
/// `buffer` is undefined when momentum is 0.
void sgd_step(const Tensor& weight, const Tensor& buffer, const Tensor& grad,
              const SgdStep& options);

/// Sum of x^2 in double by a fixed tree; NaN or Inf when x holds one.
double sum_of_squares(const Tensor& x);

}  // namespace pupil::tensor
