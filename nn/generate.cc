#include "nn/generate.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/random.h"
#include "nn/kv_cache.h"
#include "tensor/error.h"

namespace pupil {
namespace {

Tensor ids_tensor(std::int64_t rows, const std::vector<std::int32_t>& ids) {
  return Tensor::from<std::int32_t>({rows, std::int64_t(ids.size()) / rows}, ids);
}

std::vector<double> to_doubles(const Tensor& row) {
  return row.to(DType::kFloat64).to_vector<double>();
}

// Logits behind the last position of each row of hidden: (B, T, C).
std::vector<double> last_logits(const Gpt& gpt, const Variable& hidden, std::int64_t b) {
  const std::int64_t T = hidden.shape()[1], C = hidden.shape()[2];
  const Tensor flat = hidden.value().reshape({hidden.shape()[0] * T, C});
  const std::int64_t row = b * T + T - 1;
  return to_doubles(gpt.logits(constant(flat.rows(row, row + 1))).value());
}

// Logits for the next token of one row, from all of its ids.
std::vector<double> logits_without_cache(const Gpt& gpt, const std::vector<std::int32_t>& ids) {
  Pass pass;
  return last_logits(gpt, gpt.hidden({.ids = ids_tensor(1, ids)}, pass), 0);
}

void check_prompt(const Gpt& gpt, const std::vector<std::int32_t>& prompt) {
  if (prompt.empty()) throw InputError("the prompt is empty; at least one token is needed");
  if (std::int64_t(prompt.size()) > gpt.config().context) {
    throw InputError(fmt::format("the prompt has {} tokens, the model's context is {}; shorten it",
                                 prompt.size(), gpt.config().context));
  }
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    if (prompt[i] < 0 || prompt[i] >= gpt.config().vocab_size) {
      throw InputError(
          fmt::format("id {} at position {} of the prompt is outside the model's "
                      "vocabulary of {}",
                      prompt[i], i, gpt.config().vocab_size));
    }
  }
}

// One live row of a batch.
struct Row {
  std::vector<std::int32_t> ids;  // prompt and new ones
  std::size_t index = 0;          // of the prompt
  std::vector<double> logits;     // for its next token
};

// All rows share one cache; a row that ends leaves it, the others move up.
class CachedBatch {
 public:
  CachedBatch(const Gpt& gpt, std::vector<Row>& rows, std::int64_t capacity)
      : gpt_(gpt),
        cache_(gpt.config().n_layer, std::int64_t(rows.size()), capacity,
               gpt.config().kv_heads() * gpt.config().head_dim(), gpt.dtype()) {
    // Each prompt by itself, so that unequal lengths need no padding.
    for (std::size_t b = 0; b < rows.size(); ++b) {
      KvCache one(gpt.config().n_layer, 1, std::int64_t(rows[b].ids.size()),
                  gpt.config().kv_heads() * gpt.config().head_dim(), gpt.dtype());
      Pass pass;
      const Variable hidden = gpt.hidden({.ids = ids_tensor(1, rows[b].ids)}, pass, &one);
      rows[b].logits = last_logits(gpt, hidden, 0);
      cache_.put_row(std::int64_t(b), one);
    }
  }
  void step(std::vector<Row>& rows) {
    std::vector<std::int32_t> newest;
    for (const Row& row : rows) newest.push_back(row.ids.back());
    Pass pass;
    const Variable hidden =
        gpt_.hidden({.ids = ids_tensor(std::int64_t(rows.size()), newest)}, pass, &cache_);
    const Tensor logits = gpt_.logits(hidden).value();
    const Tensor flat = logits.reshape({logits.shape()[0], logits.shape()[2]});
    for (std::size_t b = 0; b < rows.size(); ++b) {
      rows[b].logits = to_doubles(flat.rows(std::int64_t(b), std::int64_t(b) + 1));
    }
  }
  void keep(const std::vector<std::int64_t>& rows) { cache_.keep_rows(rows); }

 private:
  const Gpt& gpt_;
  KvCache cache_;
};

}  // namespace

const char* name_of(Finish finish) {
  return finish == Finish::kStop ? "stop" : finish == Finish::kLength ? "length" : "context";
}

std::vector<Generated> generate(const Gpt& gpt,
                                const std::vector<std::vector<std::int32_t>>& prompts,
                                const GenerateOptions& options, const TokenCallback& on_token) {
  options.sampling.check();
  const NoGrad no_grad;
  const std::int64_t context = gpt.config().context;
  std::vector<Generated> results(prompts.size());
  std::vector<Row> rows;
  std::int64_t longest = 0;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    check_prompt(gpt, prompts[i]);
    longest = std::max<std::int64_t>(longest, std::int64_t(prompts[i].size()));
    if (options.max_new_tokens > 0) rows.push_back({prompts[i], i, {}});
  }
  if (rows.empty()) return results;
  const std::int64_t capacity = std::min(context, longest + options.max_new_tokens);
  std::unique_ptr<CachedBatch> cached;
  if (options.use_cache) cached = std::make_unique<CachedBatch>(gpt, rows, capacity);

  while (!rows.empty()) {
    std::vector<std::int64_t> alive;
    for (std::size_t b = 0; b < rows.size(); ++b) {
      Row& row = rows[b];
      if (!cached) row.logits = logits_without_cache(gpt, row.ids);
      Generated& result = results[row.index];
      const auto p = next_token_distribution(row.logits, row.ids, options.sampling);
      const PhiloxWords w = philox(result.ids.size(), row.index, options.seed);
      const double u = uniform(w.word[0], w.word[1]);
      const std::int32_t id = draw(p, u);
      row.ids.push_back(id);
      result.ids.push_back(id);
      const bool wanted = !on_token || on_token(row.index, id);
      const bool stop = std::count(options.stop_ids.begin(), options.stop_ids.end(), id) > 0;
      const bool full = std::int64_t(result.ids.size()) >= options.max_new_tokens;
      if (stop) {
        result.finish = Finish::kStop;
      } else if (full || !wanted) {
        result.finish = Finish::kLength;
      } else if (std::int64_t(row.ids.size()) > context) {
        result.finish = Finish::kContext;
      } else {
        alive.push_back(std::int64_t(b));
      }
    }
    if (alive.size() < rows.size()) {
      if (cached && !alive.empty()) cached->keep(alive);
      std::vector<Row> kept;
      for (const std::int64_t b : alive) kept.push_back(std::move(rows[b]));
      rows = std::move(kept);
    }
    if (cached && !rows.empty()) cached->step(rows);
  }
  return results;
}

std::vector<double> first_token_distribution(const Gpt& gpt,
                                             const std::vector<std::int32_t>& prompt,
                                             const SamplingOptions& options) {
  options.check();
  check_prompt(gpt, prompt);
  const NoGrad no_grad;
  return next_token_distribution(logits_without_cache(gpt, prompt), prompt, options);
}

}  // namespace pupil
