#include "sft/scoring.h"

#include <algorithm>

#include "sft/batch.h"
#include "sft/render.h"

namespace pupil {
namespace {

constexpr std::int64_t kLogitRows = 256;  // rows whose logits exist at once
constexpr std::size_t kBatchRows = 64;    // sequences in one forward pass

// log p of each target of a batch, row-major, 0 where ignored.
std::vector<double> batch_logprobs(const Gpt& gpt, const Batch& batch) {
  const NoGrad no_grad;
  Pass pass;
  const Tensor hidden = gpt.hidden(batch.input, pass).value();
  const std::int64_t n = hidden.shape().rows();
  const Tensor rows = hidden.reshape({n, hidden.shape().back()}),
               targets = batch.targets.reshape({n});
  std::vector<double> result;
  for (std::int64_t begin = 0; begin < n; begin += kLogitRows) {
    const std::int64_t end = std::min(n, begin + kLogitRows);
    const Variable logits = gpt.logits(constant(rows.rows(begin, end)));
    const Tensor logprob = gather_logprob(logits, targets.rows(begin, end)).value();
    for (const double x : logprob.to(DType::kFloat64).to_vector<double>()) result.push_back(x);
  }
  return result;
}

}  // namespace

std::vector<double> next_logprobs(const Gpt& gpt, std::span<const std::int32_t> ids,
                                  std::span<const std::int32_t> next) {
  const Example one{{ids.begin(), ids.end()}, {next.begin(), next.end()}, {}, {}};
  return batch_logprobs(gpt, make_batch(std::span(&one, 1)));
}

std::vector<double> token_logprobs(const Gpt& gpt, std::span<const std::int32_t> ids) {
  std::vector<double> result = next_logprobs(gpt, ids, targets_from(ids));
  result.insert(result.begin(), 0.0);
  result.pop_back();
  return result;
}

std::vector<std::vector<double>> token_logprobs(
    const Gpt& gpt, std::span<const std::vector<std::int32_t>> sequences) {
  std::vector<std::vector<double>> results;
  for (std::size_t begin = 0; begin < sequences.size(); begin += kBatchRows) {
    std::vector<Example> examples;
    for (std::size_t i = begin; i < std::min(sequences.size(), begin + kBatchRows); ++i) {
      examples.push_back({sequences[i], targets_from(sequences[i]), {}, {}});
    }
    const Batch batch = make_batch(examples);
    const std::vector<double> all = batch_logprobs(gpt, batch);
    const std::size_t T = std::size_t(batch.input.ids.shape()[1]);
    for (std::size_t b = 0; b < examples.size(); ++b) {
      std::vector<double> row{0.0};
      const auto first = all.begin() + std::ptrdiff_t(b * T);
      row.insert(row.end(), first, first + std::ptrdiff_t(examples[b].ids.size()) - 1);
      results.push_back(std::move(row));
    }
  }
  return results;
}

std::vector<std::int32_t> greedy_next(const Gpt& gpt, std::span<const std::int32_t> ids) {
  const Tensor logits = all_logits(gpt, ids);
  const std::int64_t V = logits.shape()[1];
  std::vector<std::int32_t> best;
  for (std::int64_t t = 0; t < logits.shape()[0]; ++t) {
    const double* row = logits.data<double>() + t * V;
    best.push_back(std::int32_t(std::max_element(row, row + V) - row));
  }
  return best;
}

Tensor all_logits(const Gpt& gpt, std::span<const std::int32_t> ids) {
  const NoGrad no_grad;
  Pass pass;
  const Tensor input = Tensor::from<std::int32_t>({1, std::int64_t(ids.size())}, ids);
  const Tensor logits = gpt.logits(gpt.hidden({.ids = input}, pass)).value();
  return logits.reshape({logits.shape()[1], logits.shape()[2]}).to(DType::kFloat64);
}

}  // namespace pupil
