#include "cli/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace pupil::cli {
namespace {

// Fewest insertions, deletions and replacements that make b of a; row i of the usual table.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::string did_you_mean(const std::string& typed, const std::vector<std::string>& names) {
  constexpr std::size_t kLongest = 64;  // longer ones are no slip of the finger
  if (names.empty() || typed.size() > kLongest) return "";
  const auto nearest = std::min_element(
      names.begin(), names.end(),
      [&](const auto& a, const auto& b) { return distance(typed, a) < distance(typed, b); });
  if (3 * distance(typed, *nearest) > nearest->size()) return "";
  return fmt::format("; did you mean {}?", *nearest);
}

}  // namespace pupil::cli
