// One optimizer step: the gradient of the normalised loss over all micro-batches, clipping, update.
#pragma once
#include <cstdint>
#include <span>

#include "nn/optimizer.h"
#include "sft/batch.h"
#include "sft/normaliser.h"

namespace pupil {

struct StepOptions {
  Normaliser normaliser;
  double label_smoothing = 0;
  double clip = 1;  ///< largest gradient norm; 0: off
  std::uint64_t dropout_seed = 0;
};

/// Numbers of one step, as metrics.jsonl records them.
struct StepResult {
  double loss = 0;       ///< normalised, before the update
  double grad_norm = 0;  ///< before clipping
  std::int64_t n_targets = 0;
  std::int64_t n_tokens = 0;  ///< padding apart
};

/// Adds the gradient of the step's loss to the parameters: every micro-batch forward and backward,
/// weighted so that any way of cutting a step into micro-batches gives the same gradient (for every
/// normaliser but `microbatch`). `number` counts steps from 0 and chooses dropout's random numbers.
/// Throws GradientError when a gradient is NaN or Inf, naming the parameter.
StepResult accumulate_gradients(const Gpt& gpt, ParameterArena& arena, std::span<const Batch> step,
                                const StepOptions& options, std::int64_t number);

/// accumulate_gradients, then clip and update.
StepResult optimizer_step(const Gpt& gpt, ParameterArena& arena, AdamW& optimizer,
                          std::span<const Batch> step, const StepOptions& options, double lr);

}  // namespace pupil
