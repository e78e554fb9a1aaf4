// The trainer: steps, schedule, metrics, evaluation, saves that survive a kill, resume.
//
// Everything a step needs follows from its number: which examples (a pure function of seed and
// number), which dropout numbers, which learning rate. So a run that stops and resumes is, bit for
// bit, the run that did not stop; the state to save is the weights, the optimizer's moments and
// what early stopping remembers.
//
// A save writes the model, then the state, each file atomically. Killed anywhere, a run leaves the
// state of its last complete save; the model beside it is that one or the next.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nn/schedule.h"
#include "sft/example_data.h"
#include "sft/train_state.h"

namespace pupil {

struct TrainOptions {
  /// Folder; metrics.jsonl and state.safetensors go there; empty: nothing is written.
  std::string out{};
  std::int64_t steps = 0;
  Schedule schedule{};
  AdamWOptions adamw{};
  bool decay_all = false;
  StepOptions step{};
  std::int64_t save_every = 0;  ///< steps between saves; 0: only at the end
  std::int64_t eval_every =
      0;  ///< steps between evaluations; 0: at the end, if there is an evaluation
  std::int64_t patience =
      0;                ///< evaluations without a new best before the run stops early; 0: never
  bool resume = false;  ///< go on from the state in `out`; without it, that state is forgotten
  std::string fingerprint{};  ///< identifies data and settings; a state of another one is refused
};

Evaluation evaluate_loss(const Gpt& gpt, std::span<const Batch> batches);
/// Of one epoch of a data set, in memory for one step.
Evaluation evaluate_loss(const Gpt& gpt, const ExampleData& data);

/// What a run needs from outside.
struct TrainHooks {
  /// The micro-batches of step `number`, from 0. Must depend on the number alone.
  std::function<std::vector<Batch>(std::int64_t number)> batches;
  std::function<Evaluation()> evaluate;  ///< may be empty
  /// Called with lines for a person: "resumed at step 40".
  std::function<void(const std::string& line)> log;
  /// Called after each step, for progress and plots.
  std::function<void(std::int64_t step, const StepResult&, double lr, double seconds)> on_step;
  std::function<void(std::int64_t step, const Evaluation&)> on_evaluation;
  /// Writes the model; called at the end and at every save, before the state is replaced.
  std::function<void()> save_model;
  /// Writes the model of the lowest evaluation loss so far, right after that evaluation; may be
  /// empty.
  std::function<void()> save_best;
  /// Asked before each step: true ends the run after a save (Ctrl-C).
  std::function<bool()> interrupted;
};

struct TrainResult {
  std::int64_t steps = 0;                  ///< done in all, resumed ones included
  std::optional<std::int64_t> resumed_at;  ///< the step a saved state stood at
  StepResult last;                         ///< of the last step, this process's or an earlier one's
  std::optional<Evaluation> evaluation;    ///< the last one
  std::optional<Best> best;                ///< the lowest evaluation loss, and its step
  bool interrupted = false, stopped_early = false;
  double seconds = 0;  ///< in this process
};

/// Trains `trainable` of `gpt`. A run that was complete already trains no step and writes its model
/// again. Throws InputError: a state that does not fit, a disk that is full (the last save stays);
/// GradientError: NaN or Inf.
TrainResult train(Gpt& gpt, const std::vector<NamedParameter>& trainable,
                  const TrainOptions& options, const TrainHooks& hooks);

}  // namespace pupil
