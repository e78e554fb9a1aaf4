#include "sft/step.h"

#include <fmt/format.h>

#include <cmath>

#include "tensor/error.h"

namespace pupil {

StepResult accumulate_gradients(const Gpt& gpt, ParameterArena& arena, std::span<const Batch> step,
                                const StepOptions& options, std::int64_t number) {
  StepResult result;
  arena.zero_grad();
  for (std::size_t i = 0; i < step.size(); ++i) {
    const Batch& batch = step[i];
    result.n_targets += batch.n_targets;
    result.n_tokens += batch.n_tokens;
    // 2^20 streams for each micro-batch, 2^12 micro-batches for each step: no two uses meet.
    Pass pass{.training = true,
              .seed = options.dropout_seed,
              .stream = (std::uint64_t(number) << 32) + (std::uint64_t(i) << 20)};
    if (batch.n_targets == 0) continue;
    const double factor = options.normaliser.factor(step, i);
    const LossSum loss = loss_sum(gpt, batch, pass, options.label_smoothing);
    result.loss += loss.sum.value().item() * factor;
    backward(loss.sum, Tensor::full({}, factor, gpt.dtype()));
  }
  if (!std::isfinite(result.loss)) {
    throw GradientError(
        fmt::format("the loss of step {} is {}; lower the learning rate, or look for "
                    "NaN in the model (pupil inspect)",
                    number + 1, result.loss));
  }
  result.grad_norm = arena.grad_norm();
  return result;
}

StepResult optimizer_step(const Gpt& gpt, ParameterArena& arena, AdamW& optimizer,
                          std::span<const Batch> step, const StepOptions& options, double lr) {
  const StepResult result = accumulate_gradients(gpt, arena, step, options, optimizer.steps);
  optimizer.step(lr, clip_scale(result.grad_norm, options.clip));
  return result;
}

}  // namespace pupil
