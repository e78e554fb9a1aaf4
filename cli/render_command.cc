#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/batch_options.h"
#include "cli/commands.h"
#include "cli/mask_painter.h"
#include "cli/model_input.h"
#include "cli/progress.h"
#include "sft/packing.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Settings {
  std::string tokenizer;
  std::int64_t limit = 0;
  BatchOptions batches;
  DataOptions data;
};

void print_painted(const Rendered& record, MaskPainter& painter) {
  for (std::size_t t = 0; t < record.ids.size(); ++t) {
    fmt::print("{}", painter.token(record.ids[t], record.weights[t]));
  }
  fmt::print("{}\n", painter.end());
}

void print(const Rendered& record, const Tokenizer& tokenizer, const Json& more) {
  Json line = {{"text", tokenizer.decode(record.ids)}, {"ids", record.ids}, {"mask", record.mask}};
  if (record.weighted()) line["weights"] = record.weights;
  line.update(more);
  fmt::print("{}\n", line.dump());
}

// Rows of several records: positions start again in each, segments count them.
template <class Show>
void print_packed(const DataSet& data, std::int64_t row_length, const Show& show) {
  const Packing packing = pack_best_fit(
      data.size(), [&](std::int64_t i) { return data.length(i); }, row_length);
  for (std::int64_t number = 0; number < packing.rows(); ++number) {
    Rendered row;
    std::vector<std::int32_t> positions, segments;
    for (const std::uint32_t i : packing.row(number)) {
      const Rendered record = data.rendered(i);
      const std::int32_t segment = segments.empty() ? 0 : segments.back() + 1;
      for (std::size_t t = 0; t < record.ids.size(); ++t) {
        row.ids.push_back(record.ids[t]);
        row.mask.push_back(record.mask[t]);
        row.weights.push_back(record.weights[t]);
        positions.push_back(std::int32_t(t));
        segments.push_back(segment);
      }
    }
    show(row, {{"positions", positions}, {"segments", segments}});
  }
}

int render(const Settings& s, const Common& common) {
  std::optional<Tokenizer> tokenizer = load_tokenizer(s.tokenizer);
  DataOptions options = s.data;
  const bool packs = s.batches.pack != "none";
  if (packs && options.max_length == 0) {
    throw UsageError("--pack needs --max-length, the tokens of a row");
  }
  if (options.max_length == 0) options.max_length = INT32_MAX;
  GptConfig anything;
  anything.context = INT32_MAX;
  anything.vocab_size = tokenizer->vocab_size();
  DataInput data = open_data_input(options, tokenizer, anything);
  const bool coloured = !common.json && colours(common, STDOUT_FILENO);
  MaskPainter painter(tokenizer, coloured);
  std::int64_t shown = 0;
  const auto show = [&](const Rendered& record, const Json& more) {
    if (s.limit > 0 && shown++ >= s.limit) return;
    coloured ? print_painted(record, painter) : print(record, *tokenizer, more);
  };
  if (packs) {
    print_packed(*read_data_set(data, common), options.max_length, show);
    return 0;
  }
  for_each_record(data, common, [&](const Rendered& r) { show(r, Json::object()); });
  return 0;
}

}  // namespace

Command render_command() {
  return {
      "render", "What a model will see of each record: text, ids and mask.",
      "echo '{\"prompt\": \"what is the city of mira ?\", \"completion\": \"lima\"}' | ./pupil "
      "render --tokenizer demo/sft --data /dev/stdin --template microworld",
      [](Options& options, const Common& common) -> std::function<int()> {
        auto s = std::make_shared<Settings>();
        options.text("--tokenizer", s->tokenizer, "folder with tokenizer.json", "DIR").required();
        s->data.declare(options, "no limit");
        s->batches.declare_packing(options);
        options.integer("--limit", s->limit, "records or rows to show at most (0: all)")
            .at_least(0);
        return [s, &common] { return render(*s, common); };
      }};
}

}  // namespace pupil::cli
