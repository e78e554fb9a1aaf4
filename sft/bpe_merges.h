// Merges by rank (Sennrich et al. 2016): while two neighbours can be merged, merge those whose
// merge was learned first; among equals the leftmost.
//
//   up to 48 symbols   a scan for the lowest rank per merge, O(n^2) on arrays in the cache
//   more               a heap over a linked list, O(n log n): a megabyte of one letter is no harm
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace pupil {

/// left, right -> result, all ids; its place in a list of merges is its rank.
struct Merge {
  std::int32_t left, right, result;
  bool operator==(const Merge&) const = default;
};

class MergeTable {
 public:
  /// A pair that stands twice has its later rank, as in Hugging Face's tokenizers.
  explicit MergeTable(std::span<const Merge> merges);

  /// Merges symbols[0 .. n) in place until no rule applies; returns how many are left.
  std::size_t merge(std::int32_t* symbols, std::size_t n) const;

 private:
  /// rank << 32 | result, so that the smallest value is the merge to make.
  using Rule = std::uint64_t;
  static constexpr Rule kNoRule = ~Rule(0);
  struct Slot {
    std::uint64_t pair;
    Rule rule;
  };

  Rule find(std::int32_t left, std::int32_t right) const;
  std::size_t merge_by_scan(std::int32_t* symbols, std::size_t n) const;
  std::size_t merge_by_heap(std::int32_t* symbols, std::size_t n) const;

  std::vector<Slot> slots_;  // open addressing, at most half full
  /// One bit for each hash that occurs: most pairs have no rule, and this tells it from less
  /// memory.
  std::vector<std::uint64_t> occurs_;
  int shift_, bit_shift_;
};

}  // namespace pupil
