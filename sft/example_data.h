// The steps of a training run. Step k is a pure function of the seed: a run that resumes needs to
// know k and nothing else.
//
// An epoch is all rows of the data (sft/row_sequence.h) and, with a second data set to be replayed,
// so many rows of it that their share of all rows is `replay_share`, spread evenly. The replay set
// has epochs of its own: it goes on where the epoch before has left it. Rows are cut into steps of
// micro_batch * accumulate; the last step of an epoch takes what is left.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sft/batch.h"
#include "sft/row_sequence.h"

namespace pupil {

struct DataPlan {
  std::int64_t micro_batch = 1, accumulate = 1;  ///< rows in a forward pass, passes in a step
  ExampleOrder order = ExampleOrder::kShuffle;
  std::uint64_t seed = 0;
  PadSide pad_side = PadSide::kRight;
  std::int64_t pack_length = 0;  ///< tokens of a packed row; 0: an example a row
  bool group_by_length = false;  ///< micro-batches of rows of about one length
  double replay_share = 0;       ///< of all rows, in [0, 1)
};

class ExampleData {
 public:
  /// Throws InputError without examples, UsageError for a size below 1, or a share without a replay
  /// set.
  ExampleData(std::shared_ptr<const ExampleSource> examples, const DataPlan& plan,
              std::shared_ptr<const ExampleSource> replay = nullptr);
  ExampleData(std::vector<Example> examples, std::int64_t micro_batch, std::int64_t accumulate,
              ExampleOrder order, std::uint64_t seed, PadSide pad_side = PadSide::kRight);

  std::int64_t rows_per_epoch() const { return rows_.per_epoch() + replay_rows_; }
  std::int64_t steps_per_epoch() const;
  /// The micro-batches of step `number`, from 0.
  std::vector<Batch> step(std::int64_t number) const;

 private:
  Example row(std::int64_t epoch, std::int64_t at) const;

  DataPlan plan_;
  RowSequence rows_;
  std::optional<RowSequence> replay_;
  std::int64_t replay_rows_ = 0;  // in an epoch
};

/// Batches of at most `size` examples in their order.
std::vector<Batch> batches_of(const std::vector<Example>& examples, std::int64_t size,
                              PadSide pad_side = PadSide::kRight);

}  // namespace pupil
