// Sequence s has tokens 100 s, 100 s + 1, ...; those beyond the row's length are dropped. Which
// sequences share a row may differ between two best-fit packers. What may not: every token stands
// in one row, once; a sequence lies in one row, in one piece; no row is too long; as many rows.
#include <algorithm>

#include "cli/golden/files.h"
#include "cli/golden/sft.h"
#include "sft/packing.h"

namespace pupil::golden {
namespace {

using Rows = std::vector<std::vector<std::int64_t>>;

Rows packed(const std::vector<std::int64_t>& lengths, std::int64_t capacity) {
  const auto kept = [&](std::int64_t i) { return std::min(lengths[std::size_t(i)], capacity); };
  const Packing packing = pack_best_fit(std::int64_t(lengths.size()), kept, capacity);
  Rows rows(std::size_t(packing.rows()));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (const std::uint32_t s : packing.row(std::int64_t(r))) {
      for (std::int64_t t = 0; t < kept(s); ++t) rows[r].push_back(100 * s + t);
    }
  }
  return rows;
}

// What is the same for every right packing: the tokens in ascending order, how many pieces their
// sequences are in, how many tokens stand beyond the end of a row, and the number of rows.
template <class Put>
void put_invariants(const Rows& rows, std::int64_t capacity, Put put) {
  std::vector<double> tokens;
  std::int64_t pieces = 0, beyond = 0;
  for (const auto& row : rows) {
    tokens.insert(tokens.end(), row.begin(), row.end());
    for (std::size_t t = 0; t < row.size(); ++t) pieces += t == 0 || row[t] != row[t - 1] + 1;
    beyond += std::max<std::int64_t>(0, std::int64_t(row.size()) - capacity);
  }
  std::sort(tokens.begin(), tokens.end());
  put("tokens", tokens);
  put("pieces", double(pieces));
  put("beyond the end", double(beyond));
  put("rows", double(rows.size()));
}

}  // namespace

void add_sft_packing(std::vector<Case>& cases, const std::string& dir) {
  const std::string path = dir + "/packing_trl.json";
  const Json json = read_json(path);
  const auto lengths = json.at("lengths").get<std::vector<std::int64_t>>();
  const std::int64_t capacity = json.at("max_length");
  const auto compute = [=] {
    Values values;
    put_invariants(packed(lengths, capacity), capacity,
                   [&](const char* name, const auto& value) { values.put(name, value); });
    return values;
  };
  const auto expect = [=] {
    Expected expected;
    put_invariants(
        read_json(path).at("bfd").at("input_ids").get<Rows>(), capacity,
        [&](const char* name, const auto& value) { expected.put(name, value, Tolerance{}); });
    return expected;
  };
  cases.push_back({"sft", "packing, best fit decreasing", compute, expect, {}});
}

}  // namespace pupil::golden
