// The numbers behind a plot: ticks and means.
#include <algorithm>
#include <cmath>
#include <limits>

#include "cli/plot.h"

namespace pupil::cli {

std::vector<double> linear_ticks(double low, double high, int count) {
  if (!(low < high) || !std::isfinite(high - low)) return {};
  const double raw = (high - low) / std::max(count, 1);
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double fraction = raw / power;
  const double step = power * (fraction < 1.5 ? 1 : fraction < 3.5 ? 2 : fraction < 7.5 ? 5 : 10);
  std::vector<double> ticks;
  // Whole multiples of the step: adding it up would drift.
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k) {
    ticks.push_back(k * step + 0.0);  // + 0: no tick reads "-0"
  }
  return ticks;
}

std::vector<double> log_ticks(double low, double high) {
  if (!(0 < low && low < high) || !std::isfinite(high)) return {};
  const bool powers_only = std::log10(high / low) > 3;
  std::vector<double> ticks;
  for (int e = int(std::floor(std::log10(low))); std::pow(10, e) <= high; ++e) {
    for (double digit : {1.0, 2.0, 5.0}) {
      const double tick = digit * std::pow(10, e);
      if (powers_only && digit != 1) continue;
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push_back(tick);
    }
  }
  return ticks;
}

std::vector<double> running_mean(const std::vector<double>& y, int window) {
  const std::ptrdiff_t n = std::ptrdiff_t(y.size());
  std::vector<double> means(y.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    if (!std::isfinite(y[i])) continue;
    const std::ptrdiff_t half = std::min({std::ptrdiff_t(window / 2), i, n - 1 - i});
    double sum = 0;
    int count = 0;
    for (std::ptrdiff_t j = i - half; j <= i + half; ++j) {
      if (std::isfinite(y[j])) sum += y[j], ++count;
    }
    means[i] = sum / count;
  }
  return means;
}

}  // namespace pupil::cli
