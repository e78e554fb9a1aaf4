// Examples and batches: what training reads, with targets already shifted and masked.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "autograd/operations.h"
#include "nn/gpt.h"

namespace pupil {

/// One row for the model: position t is to predict targets[t] (kIgnoreIndex: not supervised).
struct Example {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> targets;
  std::vector<std::int32_t> positions;  ///< empty: 0, 1, 2, ...
  std::vector<std::int32_t> segments;   ///< empty: one segment; several: records packed into a row
  std::int64_t records = 1;             ///< how many records the row holds, for the normaliser
  std::vector<double> weights{};        ///< of the targets in the loss; empty: all 1

  std::int64_t target_count() const;
  double target_weight() const;  ///< the sum of the targets' weights
};

/// The first token of a segment has nothing before it to be predicted from: the position in front,
/// which belongs to another segment, loses its target.
void drop_targets_across_segments(Example& row);

/// Rows of one length: shorter examples are padded. Padding is no id of meaning: its targets are
/// ignored, and with padding on the left its segment is -1, which attends to nothing.
struct Batch {
  GptInput input;                     ///< i32 (B, T)
  Tensor targets;                     ///< i32 (B, T)
  Tensor weights;                     ///< of the targets, f64 (B, T); undefined: all 1
  std::vector<std::int64_t> lengths;  ///< of the rows, padding apart
  std::int64_t n_targets = 0;         ///< supervised positions
  double target_weight = 0;           ///< the sum of their weights: n_targets where all are 1
  std::int64_t n_examples = 0;        ///< records, those without a target included
  std::int64_t n_tokens = 0;          ///< positions that are not padding
};

/// Several examples as one row: positions start again in each, segments count them, and none has a
/// target that belongs to the next. What they are apart, they are in the row.
Example join(std::span<const Example> examples);

/// Where short rows are padded. kNone: nowhere; the examples are joined into one row.
enum class PadSide { kRight, kLeft, kNone };
/// "right", "left", "none"; throws UsageError.
PadSide pad_side(std::string_view name);

/// Throws InputError when an example is empty or its lists differ in length.
Batch make_batch(std::span<const Example> examples, PadSide pad_side = PadSide::kRight);

/// A loss as it is added up: the sum over supervised tokens, each times its weight, and their
/// number. Nothing here divides; the division stands in one place, the normaliser
/// (sft/normaliser.h).
struct LossSum {
  Variable sum;  ///< ()
  std::int64_t n_targets = 0;
};

/// The supervised fine-tuning loss of a batch: cross-entropy of the next token over supervised
/// positions times their weights; the head sees only those rows.
LossSum loss_sum(const Gpt& gpt, const Batch& batch, Pass& pass, double label_smoothing = 0);
/// The same from the model's hidden states for the batch.
Variable cross_entropy_sum(const Gpt& gpt, const Variable& hidden, const Batch& batch,
                           double label_smoothing);

}  // namespace pupil
