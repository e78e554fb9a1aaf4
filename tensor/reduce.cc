#include "tensor/reduce.h"

#include <fmt/format.h>

#include "tensor/error.h"

namespace pupil::tensor {
namespace {

Shape without_axis(const Shape& shape, int axis) {
  std::array<std::int64_t, Shape::kMaxRank> axes{};
  int rank = 0;
  for (int i = 0; i < shape.rank(); ++i) {
    if (i != axis) axes[rank++] = shape[i];
  }
  return Shape(std::span<const std::int64_t>(axes.data(), rank));
}

void check_not_empty(const char* op, const Tensor& x, std::int64_t n) {
  if (n == 0) {
    throw ShapeError(fmt::format("[{}] x is {}; there is nothing to reduce in an axis of length 0",
                                 op, x.str()));
  }
}

// Levels of chunks until one sum is left; the borders follow from the number of elements.
Tensor sum_of_all(const char* op, const Tensor& x, bool divide) {
  Tensor level = x;
  while (level.numel() > cpu::kSumChunk) {
    const std::int64_t n = level.numel();
    Tensor sums = Tensor::empty({(n + cpu::kSumChunk - 1) / cpu::kSumChunk}, x.dtype());
    dispatch_float(op, x.dtype(),
                   [&]<class T>() { cpu::sum_chunks<T>(sums.data<T>(), level.data<T>(), n); });
    level = sums;
  }
  Tensor out = Tensor::empty({}, x.dtype());
  dispatch_float(op, x.dtype(), [&]<class T>() {
    cpu::sum<T>(out.data<T>(), level.data<T>(), {1, level.numel(), 1},
                divide ? T(x.numel()) : T(1));
  });
  return out;
}

Tensor sum_over(const char* op, const Tensor& x, int axis, bool divide) {
  const cpu::Axis sizes = axis_of(op, x.shape(), axis);
  if (divide) check_not_empty(op, x, sizes.n);
  const Shape shape = without_axis(x.shape(), normalize_axis(op, axis, x.shape()));
  if (sizes.outer == 1 && sizes.inner == 1) return sum_of_all(op, x, divide).reshape(shape);
  Tensor out = Tensor::empty(shape, x.dtype());
  dispatch_float(op, x.dtype(), [&]<class T>() {
    cpu::sum<T>(out.data<T>(), x.data<T>(), sizes, divide ? T(sizes.n) : T(1));
  });
  return out;
}

}  // namespace

cpu::Axis axis_of(const char* op, const Shape& shape, int axis) {
  const int at = normalize_axis(op, axis, shape);
  cpu::Axis sizes{1, shape[at], 1};
  for (int i = 0; i < at; ++i) sizes.outer *= shape[i];
  for (int i = at + 1; i < shape.rank(); ++i) sizes.inner *= shape[i];
  return sizes;
}

Tensor sum(const Tensor& x, int axis) { return sum_over("sum", x, axis, /*divide=*/false); }
Tensor mean(const Tensor& x, int axis) { return sum_over("mean", x, axis, /*divide=*/true); }

Tensor sum(const Tensor& x) { return sum_of_all("sum", x, /*divide=*/false); }
Tensor mean(const Tensor& x) {
  check_not_empty("mean", x, x.numel());
  return sum_of_all("mean", x, /*divide=*/true);
}

Max max(const Tensor& x, int axis) {
  const cpu::Axis sizes = axis_of("max", x.shape(), axis);
  check_not_empty("max", x, sizes.n);
  const Shape shape = without_axis(x.shape(), normalize_axis("max", axis, x.shape()));
  Max result{Tensor::empty(shape, x.dtype()), Tensor::empty(shape, DType::kInt32)};
  dispatch_float("max", x.dtype(), [&]<class T>() {
    cpu::max<T>(result.values.data<T>(), result.index.data<std::int32_t>(), x.data<T>(), sizes);
  });
  return result;
}

Variance variance(const Tensor& x, int axis) {
  const cpu::Axis sizes = axis_of("variance", x.shape(), axis);
  check_not_empty("variance", x, sizes.n);
  const Shape shape = without_axis(x.shape(), normalize_axis("variance", axis, x.shape()));
  Variance result{Tensor::empty(shape, x.dtype()), Tensor::empty(shape, x.dtype())};
  dispatch_float("variance", x.dtype(), [&]<class T>() {
    cpu::variance<T>(result.variance.data<T>(), result.mean.data<T>(), x.data<T>(), sizes);
  });
  return result;
}

void spread(const Tensor& dx, bool add, const Tensor& dout, cpu::Axis axis, double factor) {
  dispatch_float("sum", dx.dtype(), [&]<class T>() {
    cpu::spread<T>(dx.data<T>(), add, dout.data<T>(), axis, T(factor));
  });
}

void max_backward(const Tensor& dx, bool add, const Tensor& dout, const Tensor& index,
                  cpu::Axis axis) {
  dispatch_float("max", dx.dtype(), [&]<class T>() {
    cpu::max_backward<T>(dx.data<T>(), add, dout.data<T>(), index.data<std::int32_t>(), axis);
  });
}

void variance_backward(const Tensor& dx, bool add, const Tensor& dout, const Tensor& x,
                       const Tensor& mean, cpu::Axis axis) {
  dispatch_float("variance", dx.dtype(), [&]<class T>() {
    cpu::variance_backward<T>(dx.data<T>(), add, dout.data<T>(), x.data<T>(), mean.data<T>(), axis);
  });
}

}  // namespace pupil::tensor
