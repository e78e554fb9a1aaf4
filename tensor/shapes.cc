#include "tensor/shapes.h"

#include <fmt/format.h>

#include <array>

#include "kernels/strided_copy.h"
#include "tensor/error.h"
#include "tensor/reduce.h"

namespace pupil::tensor {
namespace {

using Strides = std::array<std::int64_t, Shape::kMaxRank>;

Strides strides_of(const Shape& shape) {
  Strides strides{};
  std::int64_t step = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

Tensor copy_strided(const char* op, const Tensor& x, const Shape& shape, const Strides& strides) {
  Tensor out = Tensor::empty(shape, x.dtype());
  if (out.numel() == 0) return out;
  dispatch_float(op, x.dtype(), [&]<class T>() {
    cpu::strided_copy<T>(out.data<T>(), x.data<T>(), shape.rank(), shape.begin(), strides.data());
  });
  return out;
}

// A tensor seen as (outer, length of the axis, inner), and the part of the axis as rows.
template <class T>
View<T> part_of(const Tensor& x, int axis, std::int64_t begin, std::int64_t length) {
  std::int64_t outer = 1, inner = 1;
  for (int i = 0; i < axis; ++i) outer *= x.shape()[i];
  for (int i = axis + 1; i < x.shape().rank(); ++i) inner *= x.shape()[i];
  return {x.data<T>() + begin * inner, outer, length * inner, x.shape()[axis] * inner};
}

}  // namespace

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  if (broadcast("broadcast_to", x.shape(), shape) != shape) {
    throw ShapeError(
        fmt::format("[broadcast_to] {} does not broadcast to {}", x.str(), shape.str()));
  }
  Strides strides{};
  const Strides of_x = strides_of(x.shape());
  const int missing = shape.rank() - x.shape().rank();
  for (int axis = missing; axis < shape.rank(); ++axis) {
    strides[axis] = x.shape()[axis - missing] == 1 ? 0 : of_x[axis - missing];
  }
  return copy_strided("broadcast_to", x, shape, strides);
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (broadcast("sum_to", x.shape(), shape) != x.shape()) {
    throw ShapeError(fmt::format("[sum_to] {} does not broadcast to {}", shape.str(), x.str()));
  }
  Tensor result = x;
  const int missing = x.shape().rank() - shape.rank();
  // Neighbouring axes that go are summed as one, so that a bias gradient is one pass.
  for (int axis = 0; axis < x.shape().rank();) {
    const auto goes = [&](int a) {
      return a < missing || (shape[a - missing] == 1 && x.shape()[a] != 1);
    };
    int end = axis;
    std::int64_t length = 1;
    while (end < x.shape().rank() && goes(end)) length *= x.shape()[end++];
    if (end == axis) {
      ++axis;
      continue;
    }
    std::int64_t outer = 1, inner = 1;
    for (int a = 0; a < axis; ++a) outer *= goes(a) ? 1 : x.shape()[a];
    for (int a = end; a < x.shape().rank(); ++a) inner *= x.shape()[a];
    result = tensor::sum(result.reshape({outer, length, inner}), 1);
    axis = end;
  }
  return result.reshape(shape);
}

Tensor permute(const Tensor& x, std::span<const int> axes) {
  const int rank = x.shape().rank();
  std::array<bool, Shape::kMaxRank> used{};
  bool valid = int(axes.size()) == rank;
  for (const int axis : axes) {
    valid = valid && axis >= 0 && axis < rank && !used[axis];
    if (valid) used[axis] = true;
  }
  if (!valid) {
    throw IndexError(
        fmt::format("[permute] axes must be a permutation of 0 to {} for {}", rank - 1, x.str()));
  }
  Shape shape = x.shape();
  Strides strides{};
  const Strides of_x = strides_of(x.shape());
  for (int i = 0; i < rank; ++i) {
    shape[i] = x.shape()[axes[i]];
    strides[i] = of_x[axes[i]];
  }
  return copy_strided("permute", x, shape, strides);
}

Tensor concat(std::span<const Tensor> parts, int axis) {
  if (parts.empty()) throw ShapeError("[concat] needs at least one part");
  Shape shape = parts[0].shape();
  axis = normalize_axis("concat", axis, shape);
  shape[axis] = 0;
  for (const Tensor& part : parts) {
    Shape other = part.shape();
    bool fits = other.rank() == shape.rank() && part.dtype() == parts[0].dtype();
    for (int a = 0; fits && a < shape.rank(); ++a) fits = a == axis || other[a] == shape[a];
    if (!fits) {
      throw ShapeError(fmt::format("[concat] parts differ outside axis {}: {} and {}", axis,
                                   parts[0].str(), part.str()));
    }
    shape[axis] += other[axis];
  }
  Tensor out = Tensor::empty(shape, parts[0].dtype());
  std::int64_t begin = 0;
  for (const Tensor& part : parts) {
    narrow_write(out, part, axis, begin, /*add=*/false);
    begin += part.shape()[axis];
  }
  return out;
}

Tensor narrow(const Tensor& x, int axis, std::int64_t begin, std::int64_t length) {
  axis = normalize_axis("narrow", axis, x.shape());
  if (begin < 0 || length < 0 || begin + length > x.shape()[axis]) {
    throw IndexError(fmt::format("[narrow] [{}, {}) is out of range for axis {} of {}", begin,
                                 begin + length, axis, x.str()));
  }
  Shape shape = x.shape();
  shape[axis] = length;
  Tensor out = Tensor::empty(shape, x.dtype());
  dispatch_float("narrow", x.dtype(), [&]<class T>() {
    cpu::copy_matrix<T>(part_of<T>(out, axis, 0, length), part_of<T>(x, axis, begin, length),
                        false);
  });
  return out;
}

void narrow_write(const Tensor& out, const Tensor& part, int axis, std::int64_t begin, bool add) {
  const std::int64_t length = part.shape()[axis];
  dispatch_float("narrow_write", out.dtype(), [&]<class T>() {
    cpu::copy_matrix<T>(part_of<T>(out, axis, begin, length), part_of<T>(part, axis, 0, length),
                        add);
  });
}

}  // namespace pupil::tensor
