// Changing shapes without gradients. Everything here copies, except Tensor::reshape and ::rows.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace pupil::tensor {

/// Axes of length 1 and missing leading axes are repeated. Throws ShapeError.
Tensor broadcast_to(const Tensor& x, const Shape& shape);
/// Sums what broadcast_to(., x.shape()) would have repeated: its transpose.
Tensor sum_to(const Tensor& x, const Shape& shape);
/// out axis i is x axis axes[i]; `axes` is a permutation of 0 .. rank-1. Throws IndexError.
Tensor permute(const Tensor& x, std::span<const int> axes);
/// All parts equal in every axis but `axis`.
Tensor concat(std::span<const Tensor> parts, int axis);
/// The part [begin, begin + length) of `axis`.
Tensor narrow(const Tensor& x, int axis, std::int64_t begin, std::int64_t length);
/// Writes (or adds) `part` into that place of `out`.
void narrow_write(const Tensor& out, const Tensor& part, int axis, std::int64_t begin, bool add);

}  // namespace pupil::tensor
