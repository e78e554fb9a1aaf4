// The order in which training sees its examples: an endless sequence of rows, epoch after epoch,
// in which every example of the source appears once an epoch.
//
//   order      file: as they lie in the source; shuffle: another permutation in every epoch
//              (Fisher and Yates 1938 with Philox numbers counted by seed, stream and epoch)
//   packing    rows of several examples, packed best fit decreasing. Shuffled examples are packed
//              anew in every epoch and the rows shuffled again, so that neighbours in a row are
//              others each time; the number of rows stays, because lengths alone decide it. In file
//              order rows follow each other as the longest example of each lies in the source.
//   grouping   rows of about one length stand together: windows of kWindow groups are sorted by
//              length, cut into groups (micro-batches), and the groups of a window mixed again
//
// Row number k is a pure function of options and k. Memory: 4 bytes an example, packed 8.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "sft/example_source.h"
#include "sft/packing.h"

namespace pupil {

enum class ExampleOrder { kShuffle, kFile };

struct RowOptions {
  ExampleOrder order = ExampleOrder::kShuffle;
  std::uint64_t seed = 0;
  std::uint32_t stream = 0;      ///< sequences that share a seed need different ones
  std::int64_t pack_length = 0;  ///< tokens of a packed row; 0: an example a row
  std::int64_t group = 0;        ///< rows in a group of about one length; 0: no grouping
};

class RowSequence {
 public:
  static constexpr std::int64_t kWindow = 64;

  /// Throws InputError without examples, for 2^32 or more of them, and for one that is longer than
  /// a packed row.
  RowSequence(std::shared_ptr<const ExampleSource> source, RowOptions options);

  std::int64_t per_epoch() const { return rows_; }
  /// Row `number`, from 0. Rows of one epoch in any order; a change of epoch costs O(n).
  Example row(std::int64_t number) const;
  const ExampleSource& source() const { return *source_; }

 private:
  void begin(std::int64_t epoch) const;

  std::shared_ptr<const ExampleSource> source_;
  RowOptions options_;
  std::int64_t rows_ = 0;
  // The order of the epoch asked for last.
  mutable std::int64_t epoch_ = -1;
  mutable std::vector<std::uint32_t> order_;
  mutable Packing packing_;
};

/// The rows of the first epoch.
std::vector<Example> all_rows(const RowSequence& rows);

}  // namespace pupil
