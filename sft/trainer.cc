#include "sft/trainer.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "sft/train_state.h"
#include "tensor/error.h"

namespace pupil {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string step_line(std::int64_t step, const StepResult& r, double lr, double seconds) {
  const double tokens = double(std::max<std::int64_t>(1, r.n_tokens));
  return nlohmann::ordered_json{{"step", step},
                                {"loss", r.loss},
                                {"lr", lr},
                                {"grad_norm", r.grad_norm},
                                {"n_targets", r.n_targets},
                                {"tokens", r.n_tokens},
                                {"tokens_per_s", double(r.n_tokens) / seconds},
                                {"mask_share", double(r.n_targets) / tokens}}
      .dump();
}

std::string evaluation_line(std::int64_t step, const Evaluation& e) {
  return nlohmann::ordered_json{{"step", step}, {"val_loss", e.loss}, {"val_targets", e.n_targets}}
      .dump();
}

}  // namespace

Evaluation evaluate_loss(const Gpt& gpt, std::span<const Batch> batches) {
  const NoGrad no_grad;
  Evaluation result;
  double total = 0;
  for (const Batch& batch : batches) {
    if (batch.n_targets == 0) continue;
    Pass pass;
    total += loss_sum(gpt, batch, pass).sum.value().item();
    result.n_targets += batch.n_targets;
  }
  if (result.n_targets > 0) result.loss = total / double(result.n_targets);
  return result;
}

TrainResult train(Gpt& gpt, const std::vector<NamedParameter>& trainable,
                  const TrainOptions& options, const TrainHooks& hooks) {
  ParameterArena arena(trainable, options.decay_all);
  AdamW optimizer(arena, options.adamw);
  TrainResult result;
  const bool writes = !options.out.empty();
  if (writes && options.resume) {
    result.resumed_at = load_state(options.out, arena, optimizer, options.fingerprint);
  }
  if (result.resumed_at && hooks.on_resume) hooks.on_resume(*result.resumed_at);
  std::optional<MetricsFile> metrics;
  if (writes) metrics.emplace(options.out, result.resumed_at);
  const auto save = [&] {
    if (hooks.save_model) hooks.save_model();
    if (writes) save_state(options.out, arena, optimizer, options.fingerprint);
  };
  std::optional<double> best;
  std::int64_t without_best = 0;
  const double start = now();

  std::int64_t number = optimizer.steps;
  while (number < options.steps) {
    if (hooks.interrupted && hooks.interrupted()) {
      result.interrupted = true;
      break;
    }
    const double began = now();
    const double lr = options.schedule.rate(number);
    const std::vector<Batch> batches = hooks.batches(number);
    result.last = optimizer_step(gpt, arena, optimizer, batches, options.step, lr);
    const double seconds = now() - began;
    ++number;
    if (metrics) metrics->line(step_line(number, result.last, lr, seconds));
    if (hooks.on_step) hooks.on_step(number, result.last, lr, seconds);

    const bool is_last = number == options.steps;
    const bool evaluates =
        hooks.evaluate && (is_last || (options.eval_every > 0 && number % options.eval_every == 0));
    if (evaluates) {
      result.evaluation = hooks.evaluate();
      if (metrics) metrics->line(evaluation_line(number, *result.evaluation));
      if (hooks.on_evaluation) hooks.on_evaluation(number, *result.evaluation);
      const bool is_best = !best || result.evaluation->loss < *best;
      if (is_best) best = result.evaluation->loss;
      without_best = is_best ? 0 : without_best + 1;
      if (options.patience > 0 && without_best >= options.patience) {
        result.stopped_early = true;
        break;
      }
    }
    if (options.save_every > 0 && number % options.save_every == 0 && !is_last) save();
  }
  save();
  result.steps = number;
  result.seconds = now() - start;
  return result;
}

}  // namespace pupil
