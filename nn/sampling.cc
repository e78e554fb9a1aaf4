#include "nn/sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "tensor/error.h"

namespace pupil {
namespace {

constexpr double kLargest = std::numeric_limits<double>::max();
constexpr double kRemoved = -std::numeric_limits<double>::infinity();

// Ids by falling logit, ties to the lower id.
std::vector<std::int32_t> ranked(const std::vector<double>& logits) {
  std::vector<std::int32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(), [&](auto a, auto b) { return logits[a] > logits[b]; });
  return ids;
}

std::vector<double> softmax_of(const std::vector<double>& logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> p(logits.size());
  double total = 0;
  for (std::size_t i = 0; i < p.size(); ++i) total += p[i] = std::exp(logits[i] - largest);
  for (double& x : p) x /= total;
  return p;
}

}  // namespace

void SamplingOptions::check() const {
  const auto need = [](bool holds, const char* option, double value, const char* range) {
    if (!holds) throw UsageError(fmt::format("{} is {}; it must be {}", option, value, range));
  };
  need(repetition_penalty > 0 && std::isfinite(repetition_penalty), "--repetition-penalty",
       repetition_penalty, "above 0");
  need(temperature >= 0 && std::isfinite(temperature), "--temperature", temperature, "at least 0");
  need(top_k >= 0, "--top-k", double(top_k), "at least 0 (0: off)");
  need(top_p > 0 && top_p <= 1, "--top-p", top_p, "in (0, 1]");
  need(min_p >= 0 && min_p <= 1, "--min-p", min_p, "in [0, 1]");
}

std::vector<double> next_token_distribution(std::span<const double> raw,
                                            std::span<const std::int32_t> previous,
                                            const SamplingOptions& options) {
  std::vector<double> logits(raw.begin(), raw.end());
  for (std::size_t id = 0; id < logits.size(); ++id) {
    if (!std::isfinite(logits[id])) {
      throw InputError(
          fmt::format("the model's logit of id {} is {}; its weights are damaged", id, logits[id]));
    }
  }
  if (options.repetition_penalty != 1) {
    for (const std::int32_t id : std::set<std::int32_t>(previous.begin(), previous.end())) {
      double& x = logits[id];
      x = x > 0 ? x / options.repetition_penalty : x * options.repetition_penalty;
      x = std::clamp(x, -kLargest, kLargest);
    }
  }
  if (options.temperature == 0) {
    std::vector<double> p(logits.size(), 0.0);
    p[std::max_element(logits.begin(), logits.end()) - logits.begin()] = 1;
    return p;
  }
  // The largest becomes 0, so that a small temperature does not overflow.
  const double largest = *std::max_element(logits.begin(), logits.end());
  for (double& x : logits) x = (x - largest) / options.temperature;
  const bool cut_k = options.top_k > 0 && options.top_k < std::int64_t(logits.size());
  if (cut_k || options.top_p < 1) {
    const std::vector<std::int32_t> order = ranked(logits);
    if (cut_k) {
      for (std::size_t i = options.top_k; i < order.size(); ++i) logits[order[i]] = kRemoved;
    }
    if (options.top_p < 1) {
      const std::vector<double> p = softmax_of(logits);
      double before = 0;
      for (const std::int32_t id : order) {
        if (before >= options.top_p) logits[id] = kRemoved;
        before += p[id];
      }
    }
  }
  std::vector<double> p = softmax_of(logits);
  if (options.min_p > 0) {
    const double least = options.min_p * *std::max_element(p.begin(), p.end());
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (p[i] < least) logits[i] = kRemoved;
    }
    p = softmax_of(logits);
  }
  return p;
}

std::int32_t draw(std::span<const double> probabilities, double u) {
  double sum = 0;
  std::int32_t last = 0;
  for (std::size_t id = 0; id < probabilities.size(); ++id) {
    if (probabilities[id] == 0) continue;
    last = std::int32_t(id);
    sum += probabilities[id];
    if (u < sum) return last;
  }
  return last;  // rounding left u above the sum
}

}  // namespace pupil
