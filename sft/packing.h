// Packing: short records put together into rows, so that little of a batch is padding.
//
// Best fit decreasing (Johnson 1973): the longest record first, each into the row with the least
// room that still takes it, a new row where there is none. It needs at most 11/9 of the rows of the
// best packing there is, plus 4.
//
// No record is split and none is lost. What keeps records in a row apart (positions that start
// again, segments, targets) is join() in sft/batch.h.
//
// Time O(n log L) for n records of at most L tokens. Memory: two numbers of 4 bytes a record.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

namespace pupil {

struct Packing {
  static constexpr std::uint32_t kNone = UINT32_MAX;

  std::vector<std::uint32_t> first;   ///< of each row: its longest record; rising
  std::vector<std::uint32_t> behind;  ///< of each record: the next in its row, or kNone

  std::int64_t rows() const { return std::int64_t(first.size()); }
  /// The records of a row, longest first.
  std::vector<std::uint32_t> row(std::int64_t number) const;
};

/// Packs the records 0 .. order.size() - 1 into rows of at most `capacity` tokens. `order` names
/// each once; of equally long ones the earlier in it goes first, and of rows with the same room the
/// one that has had it longest. Throws InputError for a length below 1 or above `capacity`.
Packing pack_best_fit(std::vector<std::uint32_t> order,
                      const std::function<std::int64_t(std::int64_t)>& length,
                      std::int64_t capacity);
/// The records 0 .. count - 1 in this order.
Packing pack_best_fit(std::int64_t count, const std::function<std::int64_t(std::int64_t)>& length,
                      std::int64_t capacity);

}  // namespace pupil
