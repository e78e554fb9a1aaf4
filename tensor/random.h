// Random tensors from (seed, stream): the same numbers on every machine, with any number of
// threads, and the f32 tensor is the f64 tensor rounded. Elements 2k and 2k + 1 come from philox(k,
// stream, seed) (kernels/random.h), so that two uses need two streams.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace pupil::tensor {

/// Normal numbers: mean + deviation * N(0, 1).
Tensor normal(const Shape& shape, double mean, double deviation, std::uint64_t seed,
              std::uint64_t stream, DType dtype = DType::kFloat32);
/// Uniform in [low, high).
Tensor uniform(const Shape& shape, double low, double high, std::uint64_t seed,
               std::uint64_t stream, DType dtype = DType::kFloat32);

}  // namespace pupil::tensor
