// Next-token training on running text: random windows for training, all windows for validation.
#pragma once
#include <cstdint>
#include <vector>

#include "sft/batch.h"

namespace pupil {

/// The ids of a text, cut into a training part and, behind it, a validation part.
class TextData {
 public:
  /// Throws InputError when either part is too short for one window of `context` + 1 tokens (the
  /// validation part may be absent: val_fraction 0).
  TextData(std::vector<std::int32_t> ids, double val_fraction, std::int64_t context);

  /// Step `number`: `rows` windows that begin anywhere in the training part; a pure function of
  /// seed and number.
  Batch training_batch(std::uint64_t seed, std::int64_t number, std::int64_t rows) const;
  /// All non-overlapping windows of the validation part, `rows` at a time.
  std::vector<Batch> validation_batches(std::int64_t rows) const;

  std::int64_t training_tokens() const { return train_end_; }
  std::int64_t validation_tokens() const { return std::int64_t(ids_.size()) - train_end_; }

 private:
  Example window(std::int64_t begin) const;
  std::vector<std::int32_t> ids_;
  std::int64_t train_end_, context_;
};

}  // namespace pupil
