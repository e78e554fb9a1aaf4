// The trainer: steps, schedule, metrics, evaluation, saves that survive a kill, resume.
//
// Everything a step needs follows from its number: which examples (a pure function of seed and
// number), which dropout numbers, which learning rate. So a run that stops and resumes is, bit for
// bit, the run that did not stop; the state to save is the weights and the optimizer's moments.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nn/schedule.h"
#include "sft/step.h"

namespace pupil {

struct TrainOptions {
  std::string
      out;  ///< folder; metrics.jsonl and state.safetensors go there; empty: nothing is written
  std::int64_t steps = 0;
  Schedule schedule;
  AdamWOptions adamw;
  bool decay_all = false;
  StepOptions step;
  std::int64_t save_every = 0;  ///< steps between saves; 0: only at the end
  std::int64_t eval_every =
      0;  ///< steps between evaluations; 0: at the end, if there is an evaluation
  std::int64_t patience =
      0;  ///< evaluations without a new best before the run stops early; 0: never
  bool resume = false;
  std::string fingerprint;  ///< identifies data and settings; a state of another one is refused
};

/// The mean loss over supervised tokens of an evaluation set.
struct Evaluation {
  double loss = 0;
  std::int64_t n_targets = 0;
};
Evaluation evaluate_loss(const Gpt& gpt, std::span<const Batch> batches);

/// What a run needs from outside.
struct TrainHooks {
  /// The micro-batches of step `number`, from 0. Must depend on the number alone.
  std::function<std::vector<Batch>(std::int64_t number)> batches;
  std::function<Evaluation()> evaluate;  ///< may be empty
  /// Called once when a saved state was found.
  std::function<void(std::int64_t step)> on_resume;
  /// Called after each step, for progress and plots.
  std::function<void(std::int64_t step, const StepResult&, double lr, double seconds)> on_step;
  std::function<void(std::int64_t step, const Evaluation&)> on_evaluation;
  /// Writes the model; called at the end and at every save, before the state is replaced.
  std::function<void()> save_model;
  /// Asked before each step: true ends the run after a save (Ctrl-C).
  std::function<bool()> interrupted;
};

struct TrainResult {
  std::int64_t steps = 0;                  ///< done in all, resumed ones included
  std::optional<std::int64_t> resumed_at;  ///< the step a saved state stood at
  StepResult last;
  std::optional<Evaluation> evaluation;  ///< the last one
  bool interrupted = false, stopped_early = false;
  double seconds = 0;  ///< in this process
};

/// Trains `trainable` of `gpt`. Throws InputError: a state that does not fit, a disk that is full
/// (the last save stays); GradientError: NaN or Inf.
TrainResult train(Gpt& gpt, const std::vector<NamedParameter>& trainable,
                  const TrainOptions& options, const TrainHooks& hooks);

}  // namespace pupil
