#include "sft/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "tensor/error.h"

namespace pupil {
namespace {

void expect_whole(const Example& e) {
  const std::size_t n = e.ids.size();
  const auto fits = [n](const auto& list) { return list.empty() || list.size() == n; };
  const bool whole =
      n > 0 && e.targets.size() == n && fits(e.positions) && fits(e.segments) && fits(e.weights);
  if (whole) return;
  throw InputError(
      fmt::format("[batch] an example has {} ids, {} targets, {} positions, {} segments, {} "
                  "weights; it needs as many of each, and at least one",
                  n, e.targets.size(), e.positions.size(), e.segments.size(), e.weights.size()));
}

}  // namespace

std::int64_t Example::target_count() const {
  return std::count_if(targets.begin(), targets.end(), [](auto t) { return t != kIgnoreIndex; });
}

double Example::target_weight() const {
  if (weights.empty()) return double(target_count());
  double sum = 0;
  for (std::size_t t = 0; t < targets.size(); ++t) {
    if (targets[t] != kIgnoreIndex) sum += weights[t];
  }
  return sum;
}

void drop_targets_across_segments(Example& row) {
  for (std::size_t t = 0; t + 1 < row.segments.size(); ++t) {
    if (row.segments[t] != row.segments[t + 1]) row.targets[t] = kIgnoreIndex;
  }
}

Example join(std::span<const Example> examples) {
  Example row;
  row.records = 0;
  std::int32_t first_free = 0;  // segments from here on are nobody's
  const auto append = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  for (const Example& e : examples) {
    expect_whole(e);
    const std::size_t begin = row.ids.size(), n = e.ids.size();
    append(row.ids, e.ids);
    append(row.targets, e.targets);
    if (!e.weights.empty() || !row.weights.empty()) {
      row.weights.resize(begin, 1);
      append(row.weights, e.weights);
      row.weights.resize(begin + n, 1);
    }
    append(row.positions, e.positions);
    row.positions.resize(begin + n);
    if (e.positions.empty()) std::iota(row.positions.begin() + begin, row.positions.end(), 0);
    const std::int32_t shift = first_free;
    for (std::size_t t = 0; t < n; ++t) {
      row.segments.push_back(shift + (e.segments.empty() ? 0 : e.segments[t]));
      first_free = std::max(first_free, row.segments.back() + 1);
    }
    row.records += e.records;
  }
  drop_targets_across_segments(row);
  return row;
}

PadSide pad_side(std::string_view name) {
  constexpr std::string_view kNames[] = {"right", "left", "none"};
  const auto found = std::find(std::begin(kNames), std::end(kNames), name);
  if (found != std::end(kNames)) return PadSide(found - std::begin(kNames));
  throw UsageError(fmt::format("\"{}\" is no side to pad; expected right, left or none", name));
}

Batch make_batch(std::span<const Example> examples, PadSide pad_side) {
  if (pad_side == PadSide::kNone && examples.size() > 1) {
    const Example row = join(examples);
    return make_batch(std::span(&row, 1));
  }
  Batch batch;
  std::int64_t T = 0;
  bool needs_positions = false, needs_segments = false, needs_weights = false;
  for (const Example& e : examples) {
    expect_whole(e);
    needs_positions = needs_positions || !e.positions.empty();
    needs_segments = needs_segments || !e.segments.empty();
    needs_weights = needs_weights || !e.weights.empty();
    T = std::max(T, std::int64_t(e.ids.size()));
  }
  const std::int64_t B = std::int64_t(examples.size());
  const auto is_padded = [T](const Example& e) { return std::int64_t(e.ids.size()) < T; };
  const bool left =
      pad_side == PadSide::kLeft && std::any_of(examples.begin(), examples.end(), is_padded);
  const auto filled = [&](std::int32_t value) {
    Tensor t = Tensor::empty({B, T}, DType::kInt32);
    t.fill_(value);
    return t;
  };
  batch.input.ids = filled(0);
  batch.targets = filled(kIgnoreIndex);
  if (needs_positions || left) batch.input.positions = filled(0);
  // With padding on the right nothing real comes after it, so that causality alone hides it.
  if (needs_segments || left) batch.input.segments = filled(-1);
  if (needs_weights) batch.weights = Tensor::zeros({B, T}, DType::kFloat64);
  for (std::int64_t b = 0; b < B; ++b) {
    const Example& e = examples[b];
    const std::int64_t n = std::int64_t(e.ids.size());
    const std::int64_t at = b * T + (left ? T - n : 0);
    const auto put = [&](const Tensor& t, const std::vector<std::int32_t>& values) {
      std::copy(values.begin(), values.end(), t.data<std::int32_t>() + at);
    };
    put(batch.input.ids, e.ids);
    put(batch.targets, e.targets);
    if (batch.input.positions.defined()) {
      std::vector<std::int32_t> positions = e.positions;
      for (std::int64_t t = 0; e.positions.empty() && t < n; ++t)
        positions.push_back(std::int32_t(t));
      put(batch.input.positions, positions);
    }
    if (batch.input.segments.defined()) {
      put(batch.input.segments, e.segments.empty() ? std::vector<std::int32_t>(n, 0) : e.segments);
    }
    batch.n_targets += e.target_count();
    batch.target_weight += e.target_weight();
    if (needs_weights) {
      double* weights = batch.weights.data<double>() + at;
      std::fill_n(weights, n, 1);
      std::copy(e.weights.begin(), e.weights.end(), weights);
    }
    batch.n_examples += e.records;
    batch.lengths.push_back(n);
    batch.n_tokens += n;
  }
  return batch;
}

LossSum loss_sum(const Gpt& gpt, const Batch& batch, Pass& pass, double label_smoothing) {
  const Variable hidden = gpt.hidden(batch.input, pass);
  return {cross_entropy_sum(gpt, hidden, batch, label_smoothing), batch.n_targets};
}

Variable cross_entropy_sum(const Gpt& gpt, const Variable& hidden, const Batch& batch,
                           double label_smoothing) {
  const Tensor weights = batch.weights.defined() ? batch.weights.to(gpt.dtype()) : Tensor();
  return linear_cross_entropy(hidden, gpt.head_weight(), batch.targets, label_smoothing, weights);
}

}  // namespace pupil
