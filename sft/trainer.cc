#include "sft/trainer.h"

#include <fmt/format.h>

#include <chrono>

#include "nn/file.h"
#include "sft/metrics_file.h"
#include "tensor/error.h"

namespace pupil {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct LossTotal {
  double sum = 0, weight = 0;
  std::int64_t n_targets = 0;

  void add(const Gpt& gpt, std::span<const Batch> batches) {
    const NoGrad no_grad;
    for (const Batch& batch : batches) {
      if (batch.n_targets == 0) continue;
      Pass pass;
      sum += loss_sum(gpt, batch, pass).sum.value().item();
      n_targets += batch.n_targets;
      weight += batch.target_weight;
    }
  }
  Evaluation mean() const { return {weight > 0 ? sum / weight : 0, n_targets}; }
};

}  // namespace

Evaluation evaluate_loss(const Gpt& gpt, std::span<const Batch> batches) {
  LossTotal total;
  total.add(gpt, batches);
  return total.mean();
}

Evaluation evaluate_loss(const Gpt& gpt, const ExampleData& data) {
  LossTotal total;
  for (std::int64_t k = 0; k < data.steps_per_epoch(); ++k) total.add(gpt, data.step(k));
  return total.mean();
}

TrainResult train(Gpt& gpt, const std::vector<NamedParameter>& trainable,
                  const TrainOptions& options, const TrainHooks& hooks) {
  ParameterArena arena(trainable, options.decay_all);
  AdamW optimizer(arena, options.adamw);
  TrainResult result;
  RunProgress run;
  std::optional<std::int64_t> saved;  // the step of the last save
  const bool writes = !options.out.empty();
  const auto log = [&](const std::string& line) {
    if (hooks.log) hooks.log(line);
  };
  // Adds to the message of a write that failed what is left of the run.
  const auto write = [&](auto&& body) {
    try {
      body();
    } catch (const Error& e) {
      if (!saved) throw;
      throw InputError(
          fmt::format("{}; the save of step {} is intact: go on with --resume", e.what(), *saved));
    }
  };
  const auto save = [&] {
    write([&] {
      arena.expect_finite_values();  // the last good save is worth more than this one
      if (hooks.save_model) hooks.save_model();
      if (writes) save_state(options.out, arena, optimizer, run, options.fingerprint);
    });
    saved = run.steps;
  };
  StepOptions step = options.step;
  if (step.kl_weight > 0 || step.l2_weight > 0) {
    step.start = std::make_shared<const StartModel>(arena);
  }
  const auto patience_is_over = [&] {
    return options.patience > 0 && run.without_best >= options.patience;
  };

  if (writes) remove_stale_temporaries(options.out);
  if (writes && options.resume) {
    if (const auto state = load_state(options.out, arena, optimizer, options.fingerprint)) {
      run = *state;
      saved = result.resumed_at = run.steps;
      log(fmt::format("resumed at step {}", run.steps));
      if (run.steps >= options.steps || patience_is_over()) {
        log("the run is complete, no step is left to do; its model is written again");
      }
    } else {
      log(fmt::format("{} holds no state to resume: starting from the beginning", options.out));
    }
  } else if (writes) {
    remove_state(options.out);
  }
  std::optional<MetricsFile> metrics;
  if (writes) write([&] { metrics.emplace(options.out, result.resumed_at); });
  const double start = now();

  while (run.steps < options.steps && !patience_is_over()) {
    if (hooks.interrupted && hooks.interrupted()) {
      result.interrupted = true;
      break;
    }
    const double began = now();
    const double lr = options.schedule.rate(run.steps);
    const std::vector<Batch> batches = hooks.batches(run.steps);
    run.last = optimizer_step(gpt, arena, optimizer, batches, step, lr);
    const double seconds = now() - began;
    const std::int64_t number = ++run.steps;
    if (metrics) write([&] { metrics->step(number, run.last, lr, seconds); });
    if (hooks.on_step) hooks.on_step(number, run.last, lr, seconds);

    const bool is_last = number == options.steps;
    const bool evaluates =
        hooks.evaluate && (is_last || (options.eval_every > 0 && number % options.eval_every == 0));
    if (evaluates) {
      const Evaluation evaluation = hooks.evaluate();
      run.evaluation = evaluation;
      const bool is_best = evaluation.loss < run.best.value_or(Best()).loss;
      if (is_best) run.best = Best{evaluation.loss, number};
      run.without_best = is_best ? 0 : run.without_best + 1;
      if (is_best && hooks.save_best) write(hooks.save_best);
      if (metrics) write([&] { metrics->evaluation(number, evaluation); });
      if (hooks.on_evaluation) hooks.on_evaluation(number, evaluation);
    }
    const bool ends = is_last || patience_is_over();
    if (options.save_every > 0 && number % options.save_every == 0 && !ends) save();
  }
  save();
  result.steps = run.steps;
  result.last = run.last;
  result.evaluation = run.evaluation;
  result.best = run.best;
  result.stopped_early = run.steps < options.steps && patience_is_over();
  result.seconds = now() - start;
  return result;
}

}  // namespace pupil
