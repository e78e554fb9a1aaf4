#include "autograd/reference.h"

namespace pupil::reference {
namespace {

// Puts back, with length 1, an axis that a reduction of x took away.
Variable keep_axis(const Variable& reduced, const Variable& x, int axis) {
  Shape shape = x.shape();
  shape[axis] = 1;
  return reshape(reduced, shape);
}

Variable one_over_sqrt(const Variable& mean_square, double eps) {
  const Variable one = constant(Tensor::scalar(1, mean_square.dtype()));
  const Variable small = constant(Tensor::scalar(eps, mean_square.dtype()));
  return div(one, sqrt(add(mean_square, small)));
}

// x - max(x) of each row: the largest is 0. What is subtracted cancels, so it needs no gradient.
Variable shift(const Variable& x) { return sub(x, detach(keep_axis(max(x, -1), x, -1))); }

}  // namespace

Variable variance(const Variable& x, int axis) {
  return mean(square(sub(x, keep_axis(mean(x, axis), x, axis))), axis);
}

Variable layer_norm(const Variable& x, const Variable& weight, const Variable& bias, double eps) {
  const Variable centred = sub(x, keep_axis(mean(x, -1), x, -1));
  const Variable rstd = one_over_sqrt(keep_axis(mean(square(centred), -1), x, -1), eps);
  const Variable scaled = mul(mul(centred, rstd), weight);
  return bias.defined() ? add(scaled, bias) : scaled;
}

Variable rms_norm(const Variable& x, const Variable& weight, double eps) {
  const Variable rrms = one_over_sqrt(keep_axis(mean(square(x), -1), x, -1), eps);
  return mul(mul(x, rrms), weight);
}

Variable softmax(const Variable& x) {
  const Variable e = exp(shift(x));
  return div(e, keep_axis(sum(e, -1), x, -1));
}

Variable log_softmax(const Variable& x) {
  const Variable shifted = shift(x);
  return sub(shifted, keep_axis(log(sum(exp(shifted), -1)), x, -1));
}

Variable logsumexp(const Variable& x) {
  return add(log(sum(exp(shift(x)), -1)), detach(max(x, -1)));
}

}  // namespace pupil::reference
