#include "sft/bpe_merges.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <queue>

namespace pupil {
namespace {

constexpr std::size_t kScanLimit = 48;
constexpr std::uint64_t kNoPair = ~std::uint64_t(0);  // ids are never negative

std::uint64_t pair_of(std::int32_t left, std::int32_t right) {
  return std::uint64_t(std::uint32_t(left)) << 32 | std::uint32_t(right);
}

/// The upper bits are well mixed.
std::uint64_t mixed(std::uint64_t pair) {
  pair *= 0x9E3779B97F4A7C15u;
  return (pair ^ pair >> 32) * 0xD6E8FEB86659FD93u;
}

}  // namespace

MergeTable::MergeTable(std::span<const Merge> merges) {
  const int bits = std::max(6, int(std::bit_width(2 * merges.size())));
  slots_.assign(std::size_t(1) << bits, {kNoPair, kNoRule});
  shift_ = 64 - bits;
  occurs_.assign(std::size_t(1) << (bits + 2 - 6), 0);
  bit_shift_ = shift_ - 2;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto [left, right, result] = merges[rank];
    const std::uint64_t pair = pair_of(left, right), hash = mixed(pair);
    const std::uint64_t bit = hash >> bit_shift_;
    occurs_[bit / 64] |= std::uint64_t(1) << bit % 64;
    std::size_t at = hash >> shift_;
    while (slots_[at].pair != kNoPair && slots_[at].pair != pair) at = (at + 1) % slots_.size();
    slots_[at] = {pair, Rule(rank) << 32 | std::uint32_t(result)};
  }
}

inline MergeTable::Rule MergeTable::find(std::int32_t left, std::int32_t right) const {
  const std::uint64_t pair = pair_of(left, right), hash = mixed(pair);
  const std::uint64_t bit = hash >> bit_shift_;
  if (!(occurs_[bit / 64] >> bit % 64 & 1)) return kNoRule;
  std::size_t at = hash >> shift_;
  while (slots_[at].pair != pair) {
    if (slots_[at].pair == kNoPair) return kNoRule;
    at = (at + 1) & (slots_.size() - 1);
  }
  return slots_[at].rule;
}

std::size_t MergeTable::merge(std::int32_t* symbols, std::size_t n) const {
  if (n < 2) return n;
  return n <= kScanLimit ? merge_by_scan(symbols, n) : merge_by_heap(symbols, n);
}

std::size_t MergeTable::merge_by_scan(std::int32_t* symbols, std::size_t n) const {
  Rule rules[kScanLimit];  // rules[i] merges symbols i and i + 1
  for (std::size_t i = 0; i + 1 < n; ++i) rules[i] = find(symbols[i], symbols[i + 1]);
  while (n > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < n; ++i) {
      if (rules[i] < rules[best]) best = i;
    }
    if (rules[best] == kNoRule) break;
    symbols[best] = std::int32_t(rules[best]);
    --n;
    for (std::size_t i = best + 1; i < n; ++i) symbols[i] = symbols[i + 1];
    for (std::size_t i = best; i + 1 < n; ++i) rules[i] = rules[i + 1];
    if (best > 0) rules[best - 1] = find(symbols[best - 1], symbols[best]);
    if (best + 1 < n) rules[best] = find(symbols[best], symbols[best + 1]);
  }
  return n;
}

std::size_t MergeTable::merge_by_heap(std::int32_t* symbols, std::size_t n) const {
  constexpr std::size_t kEnd = ~std::size_t(0);
  struct Node {
    std::size_t previous, next;
    Rule rule;  // of this symbol and the next; what differs from it in the heap is out of date
  };
  using Candidate = std::pair<Rule, std::size_t>;
  std::vector<Node> nodes(n);
  std::vector<Candidate> start;
  for (std::size_t i = 0; i < n; ++i) {
    const bool last = i + 1 == n;
    const Rule rule = last ? kNoRule : find(symbols[i], symbols[i + 1]);
    nodes[i] = {i == 0 ? kEnd : i - 1, last ? kEnd : i + 1, rule};
    if (rule != kNoRule) start.emplace_back(rule, i);
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> heap(std::greater<>(),
                                                                              std::move(start));
  const auto renew = [&](std::size_t i) {
    const std::size_t next = nodes[i].next;
    nodes[i].rule = next == kEnd ? kNoRule : find(symbols[i], symbols[next]);
    if (nodes[i].rule != kNoRule) heap.emplace(nodes[i].rule, i);
  };
  while (!heap.empty()) {
    const auto [rule, i] = heap.top();
    heap.pop();
    if (nodes[i].rule != rule) continue;
    const std::size_t gone = nodes[i].next, after = nodes[gone].next;
    symbols[i] = std::int32_t(rule);
    nodes[i].next = after;
    nodes[gone].rule = kNoRule;
    if (after != kEnd) nodes[after].previous = i;
    renew(i);
    if (nodes[i].previous != kEnd) renew(nodes[i].previous);
  }
  std::size_t count = 0;
  for (std::size_t i = 0; i != kEnd; i = nodes[i].next) symbols[count++] = symbols[i];
  return count;
}

}  // namespace pupil
