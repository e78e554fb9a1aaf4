#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/mask_painter.h"
#include "cli/model_input.h"
#include "cli/progress.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

struct Settings {
  std::string tokenizer, pack = "none";
  DataOptions data;
};

void print_painted(const Rendered& record, MaskPainter& painter) {
  for (std::size_t t = 0; t < record.ids.size(); ++t) {
    fmt::print("{}", painter.token(record.ids[t], record.weights[t]));
  }
  fmt::print("{}\n", painter.end());
}

int render(const Settings& s, const Common& common) {
  std::optional<Tokenizer> tokenizer = load_tokenizer(s.tokenizer);
  DataOptions options = s.data;
  if (options.max_length == 0) options.max_length = INT32_MAX;
  GptConfig anything;
  anything.context = INT32_MAX;
  anything.vocab_size = tokenizer->vocab_size();
  const DataInput data = load_data_input(options, tokenizer, anything, common);
  const bool coloured = !common.json && colours(common, STDOUT_FILENO);
  MaskPainter painter(tokenizer, coloured);
  for (const Rendered& record : data.rendered) {
    if (coloured) {
      print_painted(record, painter);
    } else {
      nlohmann::ordered_json line{
          {"text", tokenizer->decode(record.ids)}, {"ids", record.ids}, {"mask", record.mask}};
      if (record.weighted()) line["weights"] = record.weights;
      fmt::print("{}\n", line.dump());
    }
  }
  return 0;
}

}  // namespace

Command render_command() {
  return {"render", "What a model will see of each record: text, ids and mask.",
          "echo '{\"prompt\": \"what is the city of mira ?\", \"completion\": \"lima\"}' | ./pupil "
          "render --tokenizer demo/sft --data /dev/stdin --template microworld",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            options
                .text("--tokenizer", s->tokenizer,
                      "folder with tokenizer.json, or with vocab.json and merges.txt", "DIR")
                .required();
            s->data.declare(options);
            options.choice("--pack", s->pack, {"none"}, "packing of records into rows");
            return [s, &common] { return render(*s, common); };
          }};
}

}  // namespace pupil::cli
