#include "tensor/norms.h"

#include <fmt/format.h>

#include "kernels/layer_norm.h"
#include "kernels/rms_norm.h"
#include "tensor/error.h"

namespace pupil::tensor {
namespace {

void check_rows(const char* op, const Tensor& x) {
  if (x.shape().rank() == 0 || x.shape().back() == 0) {
    throw ShapeError(
        fmt::format("[{}] x is {}; its last axis must hold at least one element", op, x.str()));
  }
}

void check_parameter(const char* op, const char* name, const Tensor& parameter, const Tensor& x) {
  if (parameter.dtype() != x.dtype()) {
    throw DTypeError(fmt::format("[{}] element types differ: x is {}, {} is {}", op, x.str(), name,
                                 parameter.str()));
  }
  if (parameter.shape() != Shape{x.shape().back()}) {
    throw ShapeError(
        fmt::format("[{}] {} is {}, x is {}; {} must be ({}), as long as x's last axis", op, name,
                    parameter.str(), x.str(), name, x.shape().back()));
  }
}

void check_eps(const char* op, double eps) {
  if (!(eps >= 0)) throw Error(fmt::format("[{}] eps is {}; it must be 0 or more", op, eps));
}

template <class T>
T* data_or_null(const Tensor& t) {
  return t.defined() ? t.data<T>() : nullptr;
}
template <class T>
View<T> view_or_null(const Tensor& t) {
  return t.defined() ? t.view<T>() : View<T>();
}

}  // namespace

LayerNorm layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  check_rows("layer_norm", x);
  check_parameter("layer_norm", "weight", weight, x);
  if (bias.defined()) check_parameter("layer_norm", "bias", bias, x);
  check_eps("layer_norm", eps);
  const Shape rows{x.shape().rows()};
  LayerNorm result{Tensor::empty(x.shape(), x.dtype()), Tensor::empty(rows, x.dtype()),
                   Tensor::empty(rows, x.dtype())};
  dispatch_float("layer_norm", x.dtype(), [&]<class T>() {
    cpu::layer_norm_forward<T>(result.out.view<T>(), result.mean.data<T>(), result.rstd.data<T>(),
                               x.view<T>(), weight.data<T>(), data_or_null<T>(bias), T(eps));
  });
  return result;
}

void layer_norm_backward(const Tensor& dx, bool add, const Tensor& dweight, const Tensor& dbias,
                         const Tensor& dout, const Tensor& x, const Tensor& weight,
                         const Tensor& mean, const Tensor& rstd) {
  const std::int64_t scratch_size =
      dweight.defined() || dbias.defined()
          ? cpu::layer_norm_scratch(x.shape().rows(), x.shape().back())
          : 0;
  const Tensor scratch = Tensor::empty({scratch_size}, x.dtype());
  dispatch_float("layer_norm", x.dtype(), [&]<class T>() {
    cpu::layer_norm_backward<T>(view_or_null<T>(dx), add, data_or_null<T>(dweight),
                                data_or_null<T>(dbias), scratch.data<T>(), dout.view<T>(),
                                x.view<T>(), weight.data<T>(), mean.data<T>(), rstd.data<T>());
  });
}

RmsNorm rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  check_rows("rms_norm", x);
  check_parameter("rms_norm", "weight", weight, x);
  check_eps("rms_norm", eps);
  RmsNorm result{Tensor::empty(x.shape(), x.dtype()), Tensor::empty({x.shape().rows()}, x.dtype())};
  dispatch_float("rms_norm", x.dtype(), [&]<class T>() {
    cpu::rms_norm_forward<T>(result.out.view<T>(), result.rrms.data<T>(), x.view<T>(),
                             weight.data<T>(), T(eps));
  });
  return result;
}

void rms_norm_backward(const Tensor& dx, bool add, const Tensor& dweight, const Tensor& dout,
                       const Tensor& x, const Tensor& weight, const Tensor& rrms) {
  const std::int64_t scratch_size =
      dweight.defined() ? cpu::rms_norm_scratch(x.shape().rows(), x.shape().back()) : 0;
  const Tensor scratch = Tensor::empty({scratch_size}, x.dtype());
  dispatch_float("rms_norm", x.dtype(), [&]<class T>() {
    cpu::rms_norm_backward<T>(view_or_null<T>(dx), add, data_or_null<T>(dweight), scratch.data<T>(),
                              dout.view<T>(), x.view<T>(), weight.data<T>(), rrms.data<T>());
  });
}

}  // namespace pupil::tensor
