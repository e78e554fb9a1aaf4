// One optimizer step: the gradient of the normalised loss over all micro-batches, clipping, update.
//
//   loss = N(cross-entropy) + kl_weight N(KL to the start) + l2_weight |theta - theta_0|^2
//
// N is the normaliser: the same division for both sums over supervised tokens.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "nn/optimizer.h"
#include "sft/batch.h"
#include "sft/normaliser.h"
#include "sft/start_model.h"

namespace pupil {

struct StepOptions {
  Normaliser normaliser{};
  double label_smoothing = 0;
  double clip = 1;  ///< largest gradient norm; 0: off
  std::uint64_t dropout_seed = 0;
  double neftune_alpha = 0;  ///< noise on the token embeddings (sft/neftune.h); 0: off
  double kl_weight = 0;      ///< of the KL to the start (sft/kl_to_start.h); 0: off
  double l2_weight = 0;      ///< of |theta - theta_0|^2; 0: off
  /// The model at the start of the run; needed where one of the two weights is not 0.
  std::shared_ptr<const StartModel> start{};
};

/// Numbers of one step, as metrics.jsonl records them.
struct StepResult {
  double loss = 0;       ///< normalised, before the update; penalties included
  double grad_norm = 0;  ///< before clipping
  std::int64_t n_targets = 0;
  std::int64_t n_tokens = 0;   ///< padding apart
  std::optional<double> kl{};  ///< the normalised KL, before its weight, where it is on
  std::optional<double> l2{};  ///< |theta - theta_0|^2, before its weight, where it is on
};

/// Adds the gradient of the step's loss to the parameters: every micro-batch forward and backward,
/// weighted so that any way of cutting a step into micro-batches gives the same gradient (for every
/// normaliser but `microbatch`). `number` counts steps from 0 and chooses the random numbers of
/// dropout and noise. Throws GradientError when a gradient is NaN or Inf, naming the parameter.
StepResult accumulate_gradients(const Gpt& gpt, ParameterArena& arena, std::span<const Batch> step,
                                const StepOptions& options, std::int64_t number);

/// accumulate_gradients, then clip and update.
StepResult optimizer_step(const Gpt& gpt, ParameterArena& arena, AdamW& optimizer,
                          std::span<const Batch> step, const StepOptions& options, double lr);

}  // namespace pupil
