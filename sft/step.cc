#include "sft/step.h"

#include <fmt/format.h>

#include <cmath>

#include "sft/kl_to_start.h"
#include "sft/neftune.h"
#include "tensor/error.h"

namespace pupil {

StepResult accumulate_gradients(const Gpt& gpt, ParameterArena& arena, std::span<const Batch> step,
                                const StepOptions& options, std::int64_t number) {
  StepResult result;
  if (options.kl_weight > 0) result.kl = 0;
  arena.zero_grad();
  std::int64_t record = 0;  // the first one of the micro-batch
  for (std::size_t i = 0; i < step.size(); ++i) {
    const Batch& batch = step[i];
    const NoisePlace place{options.dropout_seed, number, record};
    result.n_targets += batch.n_targets;
    result.n_tokens += batch.n_tokens;
    record += batch.n_examples;
    // 2^20 streams for each micro-batch, 2^12 micro-batches for each step: no two uses meet.
    Pass pass{.training = true,
              .seed = options.dropout_seed,
              .stream = (std::uint64_t(number) << 32) + (std::uint64_t(i) << 20)};
    if (batch.n_targets == 0) continue;
    const double factor = options.normaliser.factor(step, i);
    GptInput input = batch.input;
    if (options.neftune_alpha > 0) {
      input.embedding_noise =
          neftune_noise(batch, gpt.config().n_embd, options.neftune_alpha, place, gpt.dtype());
    }
    const Variable hidden = gpt.hidden(input, pass);
    Variable sum = cross_entropy_sum(gpt, hidden, batch, options.label_smoothing);
    result.loss += sum.value().item() * factor;
    if (options.kl_weight > 0) {
      const Variable kl = kl_to_start(gpt, hidden, batch, options.start->outputs(gpt, batch.input));
      *result.kl += kl.value().item() * factor;
      sum = add(sum, scale(kl, options.kl_weight));
    }
    backward(sum, Tensor::full({}, factor, gpt.dtype()));
  }
  if (result.kl) result.loss += options.kl_weight * *result.kl;
  if (options.l2_weight > 0) {
    result.l2 = options.start->add_pull(arena, options.l2_weight);
    result.loss += options.l2_weight * *result.l2;
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
