#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/model_input.h"
#include "cli/out_folder.h"
#include "cli/run_record.h"
#include "nn/sha256.h"
#include "nn/strict_json.h"
#include "sft/quantised_base.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

struct Settings {
  ModelOptions model;
  OutFolder out_folder;
  std::string out, save_dtype = "f32";
};

// A sum with other weights than those the adapter was trained on is neither the model that was
// trained nor its base.
void refuse_other_precision(const ModelOptions& options, const AdapterInfo& info) {
  const std::string trained = info.base_quantisation.empty() ? "none" : info.base_quantisation;
  if (options.quantise == "auto" || options.quantise == trained || info.base_hash.empty()) return;
  throw InputError(fmt::format(
      "{}: was trained on a base with --quantise {}; merged into one with {} it is another model. "
      "Leave --quantise out",
      options.adapter, trained, options.quantise));
}

int merge(const Settings& s, const Common& common) {
  OutFolder::expect_apart(s.out, "--model", s.model.model);
  OutFolder::expect_apart(s.out, "--adapter", s.model.adapter);
  s.out_folder.expect_free(s.out, /*resume=*/false);
  const SaveType type = save_type(s.save_dtype);
  // One rounding, at the end.
  Common in_double = common;
  in_double.dtype = "f64";
  ModelInput input = load_model_input(s.model, in_double);
  refuse_other_precision(s.model, *input.adapter);
  const nlohmann::ordered_json record = {
      {"command", "merge"},
      {"model", s.model.model},
      {"model_sha256", input.adapter->base_hash},
      {"adapter", s.model.adapter},
      {"adapter_sha256", sha256_of_file(s.model.adapter + "/adapter_model.safetensors")},
      {"template", recorded_template(s.model)}};
  fold_lora(input.gpt);
  dequantise_base(input.gpt);
  save_model(s.out, input.gpt, input.folder, type);
  if (input.tokenizer) save_tokenizer(*input.tokenizer, s.out);
  write_run_record(s.out, record);
  if (common.json) {
    fmt::print("{}\n", json_text(nlohmann::ordered_json{{"model", s.out}}));
  } else {
    fmt::print("model in {}\n", s.out);
  }
  return 0;
}

}  // namespace

Command merge_command() {
  return {"merge", "Fold an adapter into the weights of its base model.",
          "./pupil merge --model tests/golden/gpt2/b/model --adapter "
          "tests/golden/lora/ends_with/adapter --out build/merged",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            s->model.declare(options, /*adapter_required=*/true);
            s->out_folder.declare(options, s->out, "folder for the merged model");
            options.choice("--save-dtype", s->save_dtype, {"f32", "f64", "f16", "bf16"},
                           "type of the stored weights");
            return [s, &common] { return merge(*s, common); };
          }};
}

}  // namespace pupil::cli
