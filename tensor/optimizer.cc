#include "tensor/optimizer.h"

#include <fmt/format.h>

#include <cmath>

#include "kernels/optimizer.h"
#include "tensor/error.h"

namespace pupil::tensor {
namespace {

void check_like(const char* op, const char* what, const Tensor& x, const Tensor& weight) {
  if (x.defined() && x.shape() == weight.shape() && x.dtype() == weight.dtype()) return;
  throw ShapeError(fmt::format("[{}] {} is {}, the weight is {}; they must be alike", op, what,
                               x.str(), weight.str()));
}

}  // namespace

void adamw_step(const Tensor& weight, const Tensor& m, const Tensor& v, const Tensor& grad,
                const AdamWStep& o) {
  check_like("adamw", "m", m, weight);
  check_like("adamw", "v", v, weight);
  check_like("adamw", "grad", grad, weight);
  dispatch_float("adamw", weight.dtype(), [&]<class T>() {
    const double t = double(o.step);
    cpu::AdamW<T> s;
    s.beta1 = T(o.beta1);
    s.one_minus_beta1 = T(1 - o.beta1);
    s.beta2 = T(o.beta2);
    s.one_minus_beta2 = T(1 - o.beta2);
    s.step_size = T(o.lr / (1 - std::pow(o.beta1, t)));
    s.inverse_root = T(1 / std::sqrt(1 - std::pow(o.beta2, t)));
    s.eps = T(o.eps);
    s.decay = T(1 - o.lr * o.weight_decay);
    s.grad_scale = T(o.grad_scale);
    cpu::adamw<T>(weight.data<T>(), m.data<T>(), v.data<T>(), grad.data<T>(), weight.numel(), s);
  });
  ++weight.storage()->version;
}

void sgd_step(const Tensor& weight, const Tensor& buffer, const Tensor& grad, const SgdStep& o) {
  check_like("sgd", "grad", grad, weight);
  if (o.momentum != 0) check_like("sgd", "the momentum buffer", buffer, weight);
  dispatch_float("sgd", weight.dtype(), [&]<class T>() {
    cpu::Sgd<T> s;
    s.lr = T(o.lr);
    s.momentum = T(o.momentum);
    s.weight_decay = T(o.weight_decay);
    s.grad_scale = T(o.grad_scale);
    s.nesterov = o.nesterov;
    s.first = o.first;
    cpu::sgd<T>(weight.data<T>(), o.momentum != 0 ? buffer.data<T>() : nullptr, grad.data<T>(),
                weight.numel(), s);
  });
  ++weight.storage()->version;
}

double sum_of_squares(const Tensor& x) {
  const std::int64_t n = x.numel();
  const Tensor partials =
      Tensor::empty({(n + cpu::kSquaresTile - 1) / cpu::kSquaresTile}, DType::kFloat64);
  dispatch_float("sum_of_squares", x.dtype(), [&]<class T>() {
    cpu::sum_of_squares<T>(partials.data<double>(), x.data<T>(), n);
  });
  double sum = 0;
  for (const double partial : partials.span<double>()) sum += partial;
  return sum;
}

}  // namespace pupil::tensor
