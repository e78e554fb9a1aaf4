#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/model_input.h"
#include "cli/output_path.h"
#include "nn/safetensors.h"
#include "sft/scoring.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

struct Settings {
  ModelOptions model;
  DataOptions data;
  std::string logits;
};

// Where position t is supervised the label is scored, elsewhere the token itself (cli.md: score).
std::vector<std::int32_t> scored_tokens(const Rendered& record) {
  std::vector<std::int32_t> tokens = record.ids;
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    if (record.labels[t] != kIgnoreIndex) tokens[t] = record.labels[t];
  }
  return tokens;
}

int score(const Settings& s, const Common& common) {
  if (!s.logits.empty()) expect_writable(s.logits);
  ModelInput input = load_model_input(s.model, common);
  DataInput data = open_data_input(s.data, input.tokenizer, input.gpt.config());
  input.gpt.grow_vocabulary(input.tokenizer ? input.tokenizer->vocab_size() : 0);
  std::vector<std::pair<std::string, Tensor>> logits;
  for_each_record(data, common, [&](const Rendered& record) {
    const std::vector<double> next =
        next_logprobs(input.gpt, record.ids, targets_from(scored_tokens(record)));
    double loss = 0;
    std::vector<int> mask(record.ids.size(), 0);
    nlohmann::ordered_json logprobs = {nullptr};
    for (std::size_t t = 1; t < record.ids.size(); ++t) {
      const double logprob = next[t - 1];
      if (!std::isfinite(logprob)) {
        throw InputError(
            fmt::format("{}:{}: the log-probability of position {} is {}; the model's weights are "
                        "damaged (`pupil inspect {}` says where)",
                        s.data.data, record.line, t, logprob, s.model.model));
      }
      logprobs.push_back(logprob);
      mask[t] = record.labels[t] != kIgnoreIndex;
      if (mask[t]) loss -= record.weights[t] * logprob;
    }
    nlohmann::ordered_json line{{"ids", record.ids},
                                {"mask", mask},
                                {"logprobs", logprobs},
                                {"loss_sum", loss},
                                {"n_targets", record.n_targets()}};
    if (record.weighted()) line["weights"] = record.weights;
    fmt::print("{}\n", line.dump());
    if (!s.logits.empty()) {
      const std::string name = fmt::format("logits.{}", logits.size());
      logits.emplace_back(name, all_logits(input.gpt, record.ids));
    }
  });
  if (!s.logits.empty()) {
    write_safetensors(s.logits, logits, {},
                      common.dtype == "f64" ? SaveType::kF64 : SaveType::kF32);
  }
  return 0;
}

}  // namespace

Command score_command() {
  return {"score", "Log-probabilities that a model gives to records, one JSON line each.",
          "./pupil score --model tests/golden/gpt2/b/model --data tests/golden/gpt2/b/batch.jsonl",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            s->model.declare(options);
            s->data.declare(options);
            options.text("--logits", s->logits, "safetensors file for the logits of every record",
                         "FILE");
            return [s, &common] { return score(*s, common); };
          }};
}

}  // namespace pupil::cli
