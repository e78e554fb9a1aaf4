#include "nn/optimizer.h"

#include <algorithm>

#include "tensor/optimizer.h"

namespace pupil {
namespace {

// The part of the arena that decays, then the part that does not.
template <class Step>
void for_both_ranges(const ParameterArena& arena, double weight_decay, Step&& step) {
  const std::int64_t middle = arena.decay_end(), end = arena.values().numel();
  if (middle > 0) step(0, middle, weight_decay);
  if (end > middle) step(middle, end, 0.0);
}

}  // namespace

AdamW::AdamW(ParameterArena& arena, const AdamWOptions& options)
    : m(Tensor::zeros(arena.values().shape(), arena.values().dtype())),
      v(Tensor::zeros(arena.values().shape(), arena.values().dtype())),
      arena_(&arena),
      options_(options) {}

void AdamW::step(double lr, double grad_scale) {
  arena_->complete_grads();
  ++steps;
  for_both_ranges(*arena_, options_.weight_decay, [&](auto begin, auto end, double decay) {
    tensor::adamw_step(arena_->values().rows(begin, end), m.rows(begin, end), v.rows(begin, end),
                       arena_->grads().rows(begin, end),
                       {.lr = lr,
                        .beta1 = options_.beta1,
                        .beta2 = options_.beta2,
                        .eps = options_.eps,
                        .weight_decay = decay,
                        .step = steps,
                        .grad_scale = grad_scale});
  });
}

Sgd::Sgd(ParameterArena& arena, const SgdOptions& options)
    : buffer(options.momentum != 0 ? Tensor::zeros(arena.values().shape(), arena.values().dtype())
                                   : Tensor()),
      arena_(&arena),
      options_(options) {}

void Sgd::step(double lr, double grad_scale) {
  arena_->complete_grads();
  ++steps;
  for_both_ranges(*arena_, options_.weight_decay, [&](auto begin, auto end, double decay) {
    tensor::sgd_step(arena_->values().rows(begin, end),
                     buffer.defined() ? buffer.rows(begin, end) : Tensor(),
                     arena_->grads().rows(begin, end),
                     {.lr = lr,
                      .momentum = options_.momentum,
                      .weight_decay = decay,
                      .nesterov = options_.nesterov,
                      .first = steps == 1,
                      .grad_scale = grad_scale});
  });
}

double clip_scale(double norm, double limit) {
  return limit > 0 ? std::min(1.0, limit / (norm + 1e-6)) : 1.0;
}

}  // namespace pupil
