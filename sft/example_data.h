// The order in which fine-tuning sees its examples. Step k of a run is a pure function of the seed:
// epoch k / steps_per_epoch in an order of its own, cut into steps of micro_batch * accumulate
// examples; the last step of an epoch takes what is left.
#pragma once
#include <cstdint>
#include <vector>

#include "sft/batch.h"

namespace pupil {

enum class ExampleOrder { kShuffle, kFile };

class ExampleData {
 public:
  /// Throws InputError without examples, UsageError for a size below 1.
  ExampleData(std::vector<Example> examples, std::int64_t micro_batch, std::int64_t accumulate,
              ExampleOrder order, std::uint64_t seed, PadSide pad_side = PadSide::kRight);

  std::int64_t steps_per_epoch() const;
  /// The micro-batches of step `number`, from 0.
  std::vector<Batch> step(std::int64_t number) const;
  const std::vector<Example>& examples() const { return examples_; }

 private:
  std::vector<std::size_t> order_of(std::int64_t epoch) const;

  std::vector<Example> examples_;
  std::int64_t micro_batch_, accumulate_;
  ExampleOrder order_;
  std::uint64_t seed_;
  PadSide pad_side_;
};

/// Batches of at most `size` examples in their order, for evaluation.
std::vector<Batch> batches_of(const std::vector<Example>& examples, std::int64_t size,
                              PadSide pad_side = PadSide::kRight);

}  // namespace pupil
