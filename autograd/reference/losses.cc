// Twins of the losses and of the lookups: one-hot matrices and log_softmax.
#include "autograd/reference.h"

namespace pupil::reference {
namespace {

// The distribution each row is compared with: w ((1 - e) onehot(target) + e / V); 0 where ignored.
Variable compared_with(const Tensor& targets, const Tensor& weights, double e, const Shape& shape,
                       DType dtype) {
  const std::int64_t vocabulary = shape.back();
  Tensor q = Tensor::zeros(shape, DType::kFloat64);
  const Tensor w = weights.defined() ? weights.to(DType::kFloat64)
                                     : Tensor::full(targets.shape(), 1, DType::kFloat64);
  const auto ids = targets.span<std::int32_t>();
  for (std::int64_t i = 0; i < targets.numel(); ++i) {
    if (ids[i] == kIgnoreIndex) continue;
    double* const row = q.data<double>() + i * vocabulary;
    for (std::int64_t v = 0; v < vocabulary; ++v) {
      row[v] = w.data<double>()[i] * (e / double(vocabulary) + (v == ids[i] ? 1 - e : 0));
    }
  }
  return constant(q.to(dtype));
}

}  // namespace

Variable embedding(const Variable& weight, const Tensor& ids) {
  const Shape table = weight.shape(), flat{ids.numel(), table[0]};
  std::vector<std::int64_t> axes(ids.shape().begin(), ids.shape().end());
  axes.push_back(table[1]);
  const Variable onehot = compared_with(ids.reshape({ids.numel()}), {}, 0, flat, weight.dtype());
  return reshape(matmul(onehot, weight), Shape(std::span<const std::int64_t>(axes)));
}

Variable gather_logprob(const Variable& logits, const Tensor& targets) {
  const Variable onehot = compared_with(targets, {}, 0, logits.shape(), logits.dtype());
  return pupil::sum(mul(reference::log_softmax(logits), onehot), -1);
}

Variable masked_cross_entropy(const Variable& logits, const Tensor& targets, double e) {
  return reference::weighted_cross_entropy(logits, targets, {}, e);
}

Variable weighted_cross_entropy(const Variable& logits, const Tensor& targets,
                                const Tensor& weights, double e) {
  const Variable q = compared_with(targets, weights, e, logits.shape(), logits.dtype());
  return neg(pupil::sum(mul(reference::log_softmax(logits), q)));
}

Variable linear_cross_entropy(const Variable& x, const Variable& weight, const Tensor& targets,
                              double e, const Tensor& weights) {
  return reference::weighted_cross_entropy(matmul(x, weight, Trans::kNo, Trans::kYes), targets,
                                           weights, e);
}

}  // namespace pupil::reference
