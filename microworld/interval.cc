#include "microworld/interval.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pupil::microworld {

Interval wilson(std::int64_t successes, std::int64_t n) {
  if (n == 0) return {0, 1};
  const double count = static_cast<double>(n), p = static_cast<double>(successes) / count;
  const double z2n = kZ95 * kZ95 / count;
  const double centre = p + z2n / 2;
  const double half = kZ95 * std::sqrt(p * (1 - p) / count + z2n / (4 * count));
  // Rounding must not push the ends over 0 and 1, where the formula meets them exactly.
  return {successes == 0 ? 0 : (centre - half) / (1 + z2n),
          successes == n ? 1 : (centre + half) / (1 + z2n)};
}

Metric share(std::string slice, std::string metric, std::int64_t successes, std::int64_t n) {
  const auto [low, high] = wilson(successes, n);
  const double value = n ? static_cast<double>(successes) / static_cast<double>(n) : 0;
  return {std::move(slice), std::move(metric), value, low, high, n};
}

Metric mean_nll(std::string slice, std::string metric, std::span<const LogProbs> records) {
  LogProbs total;
  for (const LogProbs& record : records) {
    total.sum += record.sum;
    total.count += record.count;
  }
  if (total.count == 0) return {std::move(slice), std::move(metric)};
  const double tokens = static_cast<double>(total.count), value = -total.sum / tokens;

  double squares = 0;
  for (const LogProbs& record : records) {
    const double excess = record.sum + value * static_cast<double>(record.count);
    squares += excess * excess;
  }
  const double groups = static_cast<double>(records.size());
  const double half = groups > 1 ? kZ95 * std::sqrt(squares * groups / (groups - 1)) / tokens : 0.0;
  return {std::move(slice), std::move(metric), value, value - half, value + half, total.count};
}

}  // namespace pupil::microworld
