#include "nn/arena.h"

#include <fmt/format.h>

#include <cmath>

#include "tensor/error.h"
#include "tensor/optimizer.h"

namespace pupil {

ParameterArena::ParameterArena(const std::vector<NamedParameter>& trainable, bool decay_all) {
  if (trainable.empty()) throw UsageError("[arena] nothing to train: every parameter is frozen");
  std::int64_t size = 0;
  for (const bool decay : {true, false}) {
    for (const NamedParameter& p : trainable) {
      const Tensor& value = p.variable->value();
      if ((decay_all || value.shape().rank() > 1) != decay) continue;
      parts_.push_back({p.name, size, size + value.numel(), decay, *p.variable});
      size += (value.numel() + 15) / 16 * 16;
    }
    if (decay) decay_end_ = size;
  }
  const DType dtype = trainable[0].variable->dtype();
  values_ = Tensor::zeros({size}, dtype);
  grads_ = Tensor::zeros({size}, dtype);
  for (const Part& part : parts_) {
    Leaf& leaf = *part.variable.leaf();
    const Tensor place = values_.rows(part.begin, part.end).reshape(leaf.value.shape());
    place.copy_(leaf.value);
    leaf.value = place;
    leaf.grad = grads_.rows(part.begin, part.end).reshape(place.shape());
    leaf.has_grad = false;
  }
  // The blocks that held the values until now are as many bytes again, and nothing here asks for
  // blocks of those sizes.
  release_cached_memory();
}

std::int64_t ParameterArena::trainable_count() const {
  std::int64_t count = 0;
  for (const Part& part : parts_) count += part.end - part.begin;
  return count;
}

void ParameterArena::zero_grad() {
  for (const Part& part : parts_) part.variable.leaf()->has_grad = false;
}

void ParameterArena::complete_grads() {
  for (const Part& part : parts_) {
    Leaf& leaf = *part.variable.leaf();
    if (!leaf.has_grad) leaf.grad.fill_(0);
    leaf.has_grad = true;
  }
}

double ParameterArena::grad_norm() {
  complete_grads();
  const double norm = std::sqrt(tensor::sum_of_squares(grads_));
  if (std::isfinite(norm)) return norm;
  for (const Part& part : parts_) {
    if (!std::isfinite(tensor::sum_of_squares(part.variable.leaf()->grad))) {
      throw GradientError(fmt::format("the gradient of {} holds NaN or Inf", part.name));
    }
  }
  throw GradientError("the gradient norm overflows");
}

void ParameterArena::expect_finite_values() const {
  for (const Part& part : parts_) {
    if (!std::isfinite(tensor::sum_of_squares(part.variable.value()))) {
      throw GradientError(
          fmt::format("{} holds NaN or Inf after the step; lower the learning rate", part.name));
    }
  }
}

}  // namespace pupil
