#include "tensor/softmax.h"

#include <fmt/format.h>

#include "kernels/softmax.h"
#include "tensor/error.h"

namespace pupil::tensor {
namespace {

void check_rows(const char* op, const Tensor& x) {
  if (x.shape().rank() == 0 || x.shape().back() == 0) {
    throw ShapeError(
        fmt::format("[{}] x is {}; its last axis must hold at least one element", op, x.str()));
  }
}

}  // namespace

Tensor softmax(const Tensor& x) {
  check_rows("softmax", x);
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  dispatch_float("softmax", x.dtype(),
                 [&]<class T>() { cpu::softmax_forward<T>(out.view<T>(), x.view<T>()); });
  return out;
}

Tensor log_softmax(const Tensor& x) {
  check_rows("log_softmax", x);
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  dispatch_float("log_softmax", x.dtype(),
                 [&]<class T>() { cpu::log_softmax_forward<T>(out.view<T>(), x.view<T>()); });
  return out;
}

Tensor logsumexp(const Tensor& x) {
  check_rows("logsumexp", x);
  const Shape leading(std::span(x.shape().begin(), x.shape().rank() - 1));
  Tensor out = Tensor::empty(leading, x.dtype());
  dispatch_float("logsumexp", x.dtype(),
                 [&]<class T>() { cpu::logsumexp_forward<T>(out.data<T>(), x.view<T>()); });
  return out;
}

void softmax_backward(const Tensor& dx, bool add, const Tensor& dout, const Tensor& out) {
  dispatch_float("softmax", dx.dtype(), [&]<class T>() {
    cpu::softmax_backward<T>(dx.view<T>(), add, dout.view<T>(), out.view<T>());
  });
}

void log_softmax_backward(const Tensor& dx, bool add, const Tensor& dout, const Tensor& out) {
  dispatch_float("log_softmax", dx.dtype(), [&]<class T>() {
    cpu::log_softmax_backward<T>(dx.view<T>(), add, dout.view<T>(), out.view<T>());
  });
}

void logsumexp_backward(const Tensor& dx, bool add, const Tensor& dout, const Tensor& x,
                        const Tensor& out) {
  dispatch_float("logsumexp", dx.dtype(), [&]<class T>() {
    cpu::logsumexp_backward<T>(dx.view<T>(), add, dout.data<T>(), x.view<T>(), out.data<T>());
  });
}

}  // namespace pupil::tensor
