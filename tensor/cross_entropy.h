// Cross-entropy of rows of logits, without gradients (kernels/cross_entropy.h has the formulas).
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace pupil::tensor {

/// What the rows of logits are compared with.
struct Targets {
  Tensor ids;              ///< i32, the shape of the logits without their last axis
  Tensor weights;          ///< the same shape, or undefined: all 1
  double label_smoothing;  ///< 0 <= e < 1
};

/// Throws ShapeError, DTypeError, UsageError, or IndexError naming row and value of a target that
/// is neither in [0, vocabulary) nor kIgnoreIndex.
void check_targets(const char* op, const Targets& targets, const Shape& rows, DType dtype,
                   std::int64_t vocabulary);

struct CrossEntropy {
  Tensor losses;    ///< one a row; exactly 0 where masked
  Tensor max, sum;  ///< of each row, for backward
};
CrossEntropy cross_entropy(const char* op, const Tensor& logits, const Targets& targets);
/// dlogits = or += (add) scale * the gradient of the sum of losses.
void cross_entropy_backward(const Tensor& dlogits, bool add, const Tensor& logits,
                            const Tensor& max, const Tensor& sum, const Targets& targets,
                            double scale);

/// The sum of `losses`, accumulated in double in the order of rows -> () of the same element type.
Tensor total(const Tensor& losses);

}  // namespace pupil::tensor
