// Dropout without gradients (kernels/dropout.h).
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace pupil::tensor {

/// Throws UsageError unless 0 <= p < 1.
void check_dropout(double p);
/// out = or += (add) x * keep / (1 - p), keep from (seed, stream) and the element's index.
void dropout_into(const Tensor& out, bool add, const Tensor& x, double p, std::uint64_t seed,
                  std::uint64_t stream);

}  // namespace pupil::tensor
