#include "sft/packing.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "tensor/error.h"

namespace pupil {
namespace {

constexpr std::uint32_t kNone = Packing::kNone, kPlaced = Packing::kNone - 1;

// First in, first out, threaded through an array that holds one link for each member.
struct Queue {
  std::uint32_t first = kNone, last = kNone;

  bool empty() const { return first == kNone; }
  void push(std::uint32_t i, std::vector<std::uint32_t>& links) {
    (empty() ? first : links[last]) = i;
    links[i] = kNone;
    last = i;
  }
  std::uint32_t pop(const std::vector<std::uint32_t>& links) {
    const std::uint32_t i = first;
    first = links[i];
    return i;
  }
};

// Keeps the numbers of the rows alone, rising; a row's number is that of its first record.
void keep_rows(std::vector<std::uint32_t>& links) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (links[i] != kPlaced) links[kept++] = std::uint32_t(i);
  }
  links.resize(kept);
}

}  // namespace

std::vector<std::uint32_t> Packing::row(std::int64_t number) const {
  // Every record was put right behind the first one: the later it came, the nearer it stands.
  std::vector<std::uint32_t> records{first[std::size_t(number)]};
  for (std::uint32_t i = behind[records[0]]; i != kNone; i = behind[i]) records.push_back(i);
  std::reverse(records.begin() + 1, records.end());
  return records;
}

Packing pack_best_fit(std::vector<std::uint32_t> order,
                      const std::function<std::int64_t(std::int64_t)>& length,
                      std::int64_t capacity) {
  Packing packing;
  std::vector<std::uint32_t>& behind = packing.behind;
  behind.resize(order.size());

  // A record is in one list at a time: of its length until it is placed, of its row from then on.
  std::map<std::int64_t, Queue, std::greater<>> by_length;
  for (const std::uint32_t record : order) {
    const std::int64_t n = length(record);
    if (n < 1 || n > capacity) {
      throw InputError(
          fmt::format("[packing] record {} has {} tokens; rows take 1 to {}", record, n, capacity));
    }
    by_length[n].push(record, behind);
  }
  std::vector<std::uint32_t> links = std::move(order);  // read to its end: memory for lists of rows
  std::map<std::int64_t, Queue> by_room;
  for (auto& [n, records] : by_length) {
    while (!records.empty()) {
      const std::uint32_t record = records.pop(behind);
      const auto fitting = by_room.lower_bound(n);
      if (fitting == by_room.end()) {
        behind[record] = kNone;
        by_room[capacity - n].push(record, links);
        continue;
      }
      const std::int64_t room = fitting->first;
      const std::uint32_t row = fitting->second.pop(links);
      if (fitting->second.empty()) by_room.erase(fitting);
      behind[record] = behind[row];
      behind[row] = record;
      links[record] = kPlaced;
      by_room[room - n].push(row, links);
    }
  }
  keep_rows(links);
  packing.first = std::move(links);
  return packing;
}

Packing pack_best_fit(std::int64_t count, const std::function<std::int64_t(std::int64_t)>& length,
                      std::int64_t capacity) {
  std::vector<std::uint32_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0u);
  return pack_best_fit(std::move(order), length, capacity);
}

}  // namespace pupil
