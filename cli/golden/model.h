// What the families gpt2 and lora ask of a model: logits, log-probabilities, loss, gradients, a
// training run.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cli/golden/values.h"
#include "nn/gpt.h"
#include "nn/optimizer.h"
#include "sft/batch.h"

namespace pupil::golden {

/// A line of batch.jsonl: labels[t] is the token to predict from positions < t, or kIgnoreIndex.
struct Record {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> labels;
};
std::vector<Record> read_records(const std::string& path);
Batch batch_of(const std::vector<Record>& records);

/// A row of given ids, (T, V).
Tensor row_logits(const Gpt& gpt, const Batch& row);
/// logits.I: each record by itself.
Values record_logits(const Gpt& gpt, const std::vector<Record>& records);
/// logprobs.I: log p of the label where position t is supervised, else of ids[t]; NaN at 0, where
/// nothing predicts. loss_sum.I, n_targets.I: over the supervised positions.
Values record_logprobs(const Gpt& gpt, const std::vector<Record>& records);
Expected expected_logprobs(const std::string& path);

/// loss, n_targets, grad_norm of a batch as one step, and the gradient of every parameter that
/// trains under its name.
struct Gradients {
  Values numbers;
  Values tensors;
};
Gradients gradients(const Gpt& gpt, const std::vector<NamedParameter>& trainable,
                    const Batch& batch);

/// The settings of the run in an expected.json.
struct TrainSettings {
  AdamWOptions adamw;
  double lr = 0, clip = 0;
  std::int64_t steps = 0;
};
TrainSettings train_settings(const std::string& path);

/// loss and grad_norm of every step; the parameters after the last.
struct Training {
  Values numbers;
  Values tensors;
};
Training train(const Gpt& gpt, const std::vector<NamedParameter>& trainable, const Batch& batch,
               const TrainSettings& settings);
Expected expected_training(const std::string& path);

/// The tolerance of both families.
inline constexpr Tolerance kModelTolerance{1e-9};

}  // namespace pupil::golden
