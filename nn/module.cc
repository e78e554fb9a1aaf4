#include "nn/module.h"

namespace pupil {

Variable Pass::dropout(const Variable& x, double p) {
  if (!training || p == 0) return x;
  return pupil::dropout(x, p, seed, stream++);
}

Variable Linear::operator()(const Variable& x, Pass& pass) const {
  const Variable y = linear(x, weight, bias, WeightLayout::kInOut);
  if (!lora || lora->unmerged.defined()) return y;
  const Variable low = linear(pass.dropout(x, lora->dropout), lora->a);
  return add(y, scale(linear(low, lora->b), lora->scale));
}

Variable Norm::operator()(const Variable& x) const {
  return kind == NormKind::kLayer ? layer_norm(x, weight, bias, eps) : rms_norm(x, weight, eps);
}

}  // namespace pupil
