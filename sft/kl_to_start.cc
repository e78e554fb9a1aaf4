#include "sft/kl_to_start.h"

#include <algorithm>

#include "tensor/linear_cross_entropy.h"

namespace pupil {
namespace {

struct Targets {
  std::vector<std::int32_t> rows;  // of the supervised positions, row-major
  std::vector<double> weights;     // of each
};

Targets supervised(const Batch& batch) {
  Targets found;
  const auto targets = batch.targets.span<std::int32_t>();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] == kIgnoreIndex) continue;
    found.rows.push_back(std::int32_t(i));
    found.weights.push_back(batch.weights.defined() ? batch.weights.span<double>()[i] : 1);
  }
  return found;
}

Variable flat(const Variable& hidden) {
  return reshape(hidden, {hidden.shape().rows(), hidden.shape().back()});
}

}  // namespace

Variable kl_to_start(const Gpt& gpt, const Variable& hidden, const Batch& batch,
                     const StartModel::Outputs& start) {
  const Targets targets = supervised(batch);
  const std::int64_t n = std::int64_t(targets.rows.size());
  Variable total = constant(Tensor::zeros({}, gpt.dtype()));
  const Variable head = gpt.head_weight(), start_head = constant(start.head);
  const std::int64_t chunk = tensor::head_chunk_rows(head.shape()[0]);
  for (std::int64_t begin = 0; begin < n; begin += chunk) {
    const std::int64_t count = std::min(chunk, n - begin);
    const Tensor rows =
        Tensor::from<std::int32_t>({count}, {targets.rows.data() + begin, std::size_t(count)});
    const Tensor weights =
        Tensor::from<double>({count}, {targets.weights.data() + begin, std::size_t(count)})
            .to(gpt.dtype());
    const Variable old = gather_rows(flat(constant(start.hidden)), rows);
    // Run twice instead of kept: three matrices of rows x vocabulary.
    const auto kl_of_chunk = [=](const std::vector<Variable>& in) {
      const Variable old_logprob = log_softmax(linear(old, start_head));
      const Variable gap = sub(old_logprob, log_softmax(linear(in[0], in[1])));
      return sum(mul(constant(weights), sum(mul(exp(old_logprob), gap), -1)));
    };
    total = add(total, recompute(kl_of_chunk, {gather_rows(flat(hidden), rows), head}));
  }
  return total;
}

}  // namespace pupil
