#include "tensor/matmul.h"

#include <fmt/format.h>

#include "kernels/elementwise.h"
#include "kernels/matmul.h"
#include "tensor/error.h"

namespace pupil::tensor {
namespace {

struct Sizes {
  std::int64_t rows, inner, columns, inner_of_b;
};
Sizes sizes_of(const Tensor& a, bool trans_a, const Tensor& b, bool trans_b) {
  const Shape &sa = a.shape(), &sb = b.shape();
  return {sa[trans_a ? -1 : -2], sa[trans_a ? -2 : -1], sb[trans_b ? -2 : -1],
          sb[trans_b ? -1 : -2]};
}
bool is_batched(const Tensor& b) { return b.shape().rank() > 2; }

}  // namespace

Shape matmul_shape(const char* op, const Tensor& a, bool trans_a, const Tensor& b, bool trans_b) {
  const auto fail = [&](const char* rule) {
    throw ShapeError(fmt::format("[{}] {}: a is {}{}, b is {}{}", op, rule, a.str(),
                                 trans_a ? " transposed" : "", b.str(),
                                 trans_b ? " transposed" : ""));
  };
  if (a.shape().rank() < 2 || b.shape().rank() < 2) fail("both need at least two axes");
  if (a.dtype() != b.dtype()) {
    throw DTypeError(
        fmt::format("[{}] element types differ: a is {}, b is {}", op, a.str(), b.str()));
  }
  const Sizes s = sizes_of(a, trans_a, b, trans_b);
  if (s.inner != s.inner_of_b) fail("inner dimensions differ");
  Shape shape = a.shape();
  if (is_batched(b)) {
    bool same = a.shape().rank() == b.shape().rank();
    for (int axis = 0; same && axis + 2 < a.shape().rank(); ++axis) {
      same = a.shape()[axis] == b.shape()[axis];
    }
    if (!same) fail("leading axes differ");
  } else if (trans_a && a.shape().rank() > 2) {
    fail("a of more than two axes can be transposed only when b has as many");
  }
  shape[-2] = s.rows;
  shape[-1] = s.columns;
  return shape;
}

void matmul_into(const Tensor& out, bool add, const Tensor& a, bool trans_a, const Tensor& b,
                 bool trans_b) {
  const Sizes s = sizes_of(a, trans_a, b, trans_b);
  dispatch_float("matmul", a.dtype(), [&]<class T>() {
    const T beta = add ? 1 : 0;
    const auto matrix = [](const Tensor& t) {
      return dense(t.data<T>(), t.shape()[-2], t.shape()[-1]);
    };
    if (is_batched(b)) {
      const std::int64_t step_out = s.rows * s.columns, step_a = s.rows * s.inner,
                         step_b = s.inner * s.columns;
      const std::int64_t batch = step_out ? out.numel() / step_out : 0;
      cpu::batched_matmul<T>(batch, matrix(out), step_out, matrix(a), step_a, trans_a, matrix(b),
                             step_b, trans_b, T(1), beta);
    } else {
      cpu::matmul<T>(out.view<T>(), a.view<T>(), trans_a, b.view<T>(), trans_b, T(1), beta);
    }
  });
}

Tensor matmul(const Tensor& a, bool trans_a, const Tensor& b, bool trans_b) {
  Tensor out = Tensor::empty(matmul_shape("matmul", a, trans_a, b, trans_b), a.dtype());
  matmul_into(out, /*add=*/false, a, trans_a, b, trans_b);
  return out;
}

void add_bias_(const Tensor& x, const Tensor& bias) {
  dispatch_float("add_bias", x.dtype(),
                 [&]<class T>() { cpu::add_bias<T>(x.view<T>(), bias.data<T>()); });
}

void sum_rows_into(const Tensor& out, bool add, const Tensor& x) {
  dispatch_float("sum_rows", x.dtype(),
                 [&]<class T>() { cpu::column_sum<T>(out.data<T>(), x.view<T>(), add); });
}

}  // namespace pupil::tensor
