#include "nn/module.h"

#include <array>

#include "tensor/matmul.h"
#include "tensor/shapes.h"

namespace pupil {

Variable Pass::dropout(const Variable& x, double p) {
  if (!training || p == 0) return x;
  return pupil::dropout(x, p, seed, stream++);
}

std::int64_t Linear::in() const { return quantised ? quantised->in : weight.shape()[0]; }
std::int64_t Linear::out() const { return quantised ? quantised->out : weight.shape()[1]; }

Tensor Linear::weight_values(DType dtype) const {
  if (weight.defined()) return weight.value().to(dtype);
  return tensor::permute(tensor::dequantise(*quantised, dtype), std::array{1, 0});
}

Variable Linear::operator()(const Variable& x, Pass& pass) const { return adapted(x, bias, pass); }
Variable Linear::without_bias(const Variable& x, Pass& pass) const { return adapted(x, {}, pass); }

Variable Linear::base(const Variable& x, const Variable& added) const {
  if (weight.defined()) return linear(x, weight, added, WeightLayout::kInOut);
  return quantised_linear(x, *quantised, added);
}

Variable Linear::adapted(const Variable& x, const Variable& added, Pass& pass) const {
  if (!lora || lora->is_merged) return base(x, added);
  const Variable dropped = pass.dropout(x, lora->dropout);
  const Variable low = scale(linear(dropped, lora->a), lora->scale);
  if (!lora->magnitude.defined()) return add(base(x, added), linear(low, lora->b));

  const Tensor norms = lora->norms.defined() ? lora->norms : column_norms(*this);
  const Variable gain = div(lora->magnitude, constant(norms));
  Variable y = mul(add(base(dropped, {}), linear(low, lora->b)), gain);
  // NB: what dropout takes away from x is taken from the adapter, not from the base (as in PEFT).
  if (pass.training && lora->dropout > 0) y = add(y, sub(base(x, {}), base(dropped, {})));
  return added.defined() ? add(y, added) : y;
}

Tensor column_norms(const Linear& linear) {
  const Lora& lora = *linear.lora;
  Tensor sum = tensor::matmul(lora.a.value(), true, lora.b.value(), true);  // (in, out)
  sum.scale_(lora.scale);
  const NoGrad no_grad;
  const Tensor weight = linear.weight_values(sum.dtype());
  return sqrt(pupil::sum(square(add(constant(sum), constant(weight))), 0)).value();
}

Variable Norm::operator()(const Variable& x) const {
  return kind == NormKind::kLayer ? layer_norm(x, weight, bias, eps) : rms_norm(x, weight, eps);
}

}  // namespace pupil
