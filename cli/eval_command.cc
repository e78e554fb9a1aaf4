#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/model_input.h"
#include "cli/progress.h"
#include "microworld/interval.h"
#include "sft/answer_evaluation.h"
#include "sft/evaluation.h"
#include "sft/scoring.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

struct Settings {
  ModelOptions model;
  DataOptions data;
  std::string suite;
  std::int64_t world = 0, answers = 0;
};

// A file of records: how well the model predicts what is supervised in them.
std::vector<microworld::Metric> evaluate_file(const Settings& s, ModelInput& input,
                                              const Common& common) {
  DataOptions options = s.data;
  options.data = s.suite;
  DataInput data = open_data_input(options, input.tokenizer, input.gpt.config());
  const std::vector<Rendered> rendered = read_all(data, common);
  input.gpt.grow_vocabulary(input.tokenizer ? input.tokenizer->vocab_size() : 0);
  std::vector<microworld::LogProbs> records;
  std::int64_t right = 0, targets = 0;
  for (const Rendered& record : rendered) {
    const std::vector<std::int32_t> next = targets_from(record.labels);
    const std::vector<double> logprobs = next_logprobs(input.gpt, record.ids, next);
    const std::vector<std::int32_t> best = greedy_next(input.gpt, record.ids);
    microworld::LogProbs sum;
    for (std::size_t t = 0; t < next.size(); ++t) {
      if (next[t] == kIgnoreIndex) continue;
      if (!std::isfinite(logprobs[t])) {
        throw InputError(
            fmt::format("{}:{}: the log-probability of position {} is {}; the model's weights are "
                        "damaged (`pupil inspect {}` says where)",
                        s.suite, record.line, t + 1, logprobs[t], s.model.model));
      }
      sum.sum += logprobs[t];
      ++sum.count;
      right += best[t] == next[t];
      ++targets;
    }
    records.push_back(sum);
  }
  if (targets == 0) {
    throw InputError(fmt::format(
        "{}: no record has a supervised token, so that nothing can be measured (see --mask)",
        s.suite));
  }
  std::vector<microworld::Metric> metrics = {
      microworld::mean_nll("records", "nll", records),
      microworld::share("records", "token_accuracy", right, targets)};
  if (s.answers > 0 && input.tokenizer) {
    const auto more =
        evaluate_answers(input.gpt, *input.tokenizer, rendered, data.stop_ids, s.answers);
    metrics.insert(metrics.end(), more.begin(), more.end());
  }
  return metrics;
}

struct Cells {
  std::string value, low, high;
};

// A length is a count; what else is measured is a share or a number of nats.
Cells cells_of(const microworld::Metric& m) {
  const int digits = m.metric.find("length") == m.metric.npos ? 3 : 0;
  const auto text = [&](double x) { return fmt::format("{:.{}f}", x, digits); };
  return {text(m.value), text(m.low), text(m.high)};
}

void print_table(const std::vector<microworld::Metric>& metrics) {
  std::size_t value = 8, bound = 7;  // widths
  for (const microworld::Metric& m : metrics) {
    const Cells c = cells_of(m);
    value = std::max(value, c.value.size());
    bound = std::max({bound, c.low.size(), c.high.size()});
  }
  fmt::print("{:<10} {:<18} {:>{}}  {:^{}} {:>6}\n", "slice", "metric", "value", value,
             "95 % interval", 2 * bound + 5, "n");
  for (const microworld::Metric& m : metrics) {
    const Cells c = cells_of(m);
    fmt::print("{:<10} {:<18} {:>{}}  [{:>{}}, {:>{}}]  {:>6}\n", m.slice, m.metric, c.value, value,
               c.low, bound, c.high, bound, m.n);
  }
  const bool has_length = std::any_of(metrics.begin(), metrics.end(),
                                      [](const auto& m) { return m.metric == "median_length"; });
  if (has_length) fmt::print("median_length: bytes; in brackets the middle half of the answers\n");
}

int evaluate(const Settings& s, const Common& common) {
  ModelInput input = load_model_input(s.model, common);
  const auto metrics =
      s.suite == "microworld"
          ? evaluate_microworld(input.gpt, microworld::World(std::uint64_t(s.world)))
          : evaluate_file(s, input, common);
  if (!common.json) {
    print_table(metrics);
    return 0;
  }
  for (const microworld::Metric& m : metrics) {
    fmt::print("{}\n", nlohmann::ordered_json{{"slice", m.slice},
                                              {"metric", m.metric},
                                              {"value", m.value},
                                              {"low", m.low},
                                              {"high", m.high},
                                              {"n", m.n}}
                           .dump());
  }
  return 0;
}

}  // namespace

Command eval_command() {
  return {"eval", "Measure a model on a suite, by slice, with 95 % intervals.",
          "./pupil eval --model tests/golden/gpt2/b/model --suite tests/golden/gpt2/b/batch.jsonl",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            s->model.declare(options);
            options.text("--suite", s->suite, "microworld, or a file of records").required();
            options.integer("--world", s->world, "seed of the microworld's facts")
                .at_least(0)
                .integer("--answers", s->answers,
                         "for a file: let the model answer greedily, at most N tokens (0: do not)")
                .at_least(0)
                .at_most(INT32_MAX);
            s->data.declare_rendering(options);
            return [s, &common] { return evaluate(*s, common); };
          }};
}

}  // namespace pupil::cli
