#include "cli/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "nn/file.h"
#include "nn/json_fields.h"
#include "nn/model_folder.h"
#include "nn/safetensors.h"
#include "sft/adapter_folder.h"
#include "sft/tokenizer.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

using Json = nlohmann::ordered_json;

bool is_float_type(const std::string& dtype) {
  return dtype == "F64" || dtype == "F32" || dtype == "F16" || dtype == "BF16";
}

// Lists the tensors of one file and warns about numbers that are none.
void add_tensors(Json& report, const SafetensorsFile& file) {
  std::int64_t numbers = 0;
  for (const auto& [name, entry] : file.entries()) {
    std::int64_t n = 1;
    for (const std::int64_t length : entry.shape) n *= length;
    numbers += n;
    report["tensors"].push_back(
        {{"name", name}, {"dtype", entry.dtype}, {"shape", entry.shape}, {"numbers", n}});
    if (!is_float_type(entry.dtype)) continue;
    const Tensor value = file.read(name, DType::kFloat64);
    const auto all = value.span<double>();
    const auto nans = std::count_if(all.begin(), all.end(), [](double x) { return std::isnan(x); });
    const auto infs = std::count_if(all.begin(), all.end(), [](double x) { return std::isinf(x); });
    if (nans + infs > 0) {
      report["warnings"].push_back(
          fmt::format("tensor {} holds {} NaN and {} Inf", name, nans, infs));
    }
  }
  report["numbers"] = report.value("numbers", std::int64_t{0}) + numbers;
  for (const auto& [key, value] : file.metadata()) report["metadata"][key] = value;
}

Json inspect_safetensors(const std::string& path) {
  Json report = {{"path", path}, {"kind", "safetensors file"}};
  add_tensors(report, SafetensorsFile(path));
  return report;
}

// The one file, or the shards that the index names inside the folder (what it names elsewhere is a
// fault that loading the model reports).
std::set<std::string> weight_files(const std::string& path) {
  const std::string single = "model.safetensors", index = path + "/" + single + ".index.json";
  if (file_exists(path + "/" + single)) return {single};
  std::set<std::string> files;
  if (!file_exists(index)) return files;
  const Json json = read_json_object(index);
  for (const auto& [name, shard] : FieldReader(json, index).object("weight_map").items()) {
    if (!shard.is_string()) continue;
    const std::string file = shard.get<std::string>();
    if (file.find('/') == file.npos && file_exists(path + "/" + file)) files.insert(file);
  }
  return files;
}

Json inspect_model(const std::string& path) {
  Json report = {{"path", path}, {"kind", "model folder"}};
  const ModelFolder folder = read_model_config(path);
  const GptConfig& c = folder.config;
  report["model"] = {{"layers", c.n_layer},     {"heads", c.n_head},
                     {"dim", c.n_embd},         {"inner", c.inner()},
                     {"context", c.context},    {"vocabulary", c.vocab_size},
                     {"tied_head", c.tied_head}};
  // A model that does not load is still worth a look: what is wrong becomes a warning.
  try {
    LoadedModel loaded = load_model(path);
    report["parameters"] = loaded.gpt.parameter_count();
    report["weights_sha256"] = hash_of_weights(loaded.gpt);
  } catch (const Error& e) {
    report["warnings"].push_back(e.what());
  }
  for (const std::string& file : weight_files(path)) {
    add_tensors(report, SafetensorsFile(path + "/" + file));
  }
  if (file_exists(path + "/tokenizer.json")) {
    try {
      const Tokenizer tokenizer = load_tokenizer(path);
      report["tokenizer"] = {{"ids", tokenizer.vocab_size()},
                             {"specials", tokenizer.specials().size()}};
      if (tokenizer.vocab_size() > c.vocab_size) {
        report["warnings"].push_back(fmt::format("the tokenizer has {} ids, the model only {}",
                                                 tokenizer.vocab_size(), c.vocab_size));
      }
    } catch (const Error& e) {
      report["warnings"].push_back(e.what());
    }
  } else {
    report["warnings"].push_back("no tokenizer.json: only records and prompts of ids can be used");
  }
  return report;
}

Json inspect_adapter(const std::string& path) {
  const AdapterInfo info = read_adapter_info(path);
  Json report = {{"path", path}, {"kind", "adapter folder (LoRA)"}};
  report["adapter"] = {{"rank", info.lora.rank},
                       {"alpha", info.lora.alpha},
                       {"scale", info.lora.scale()},
                       {"rslora", info.lora.rslora},
                       {"dora", info.lora.dora},
                       {"targets", info.lora.targets},
                       {"target_pattern", info.lora.target_pattern},
                       {"modules_to_save", info.lora.modules_to_save},
                       {"special_ids", info.lora.special_ids},
                       {"base_model", info.base_model},
                       {"base_sha256", info.base_hash},
                       {"base_quantisation", info.base_quantisation}};
  add_tensors(report, SafetensorsFile(path + "/adapter_model.safetensors"));
  return report;
}

}  // namespace

Json inspect_path(const RecordsInspection& records) {
  const std::string& path = records.data.data;
  Json report;
  if (folder_exists(path)) {
    if (file_exists(path + "/adapter_config.json")) {
      report = inspect_adapter(path);
    } else if (file_exists(path + "/config.json")) {
      report = inspect_model(path);
    } else if (!file_exists(path + "/run.json")) {
      throw InputError(
          fmt::format("{}: holds no config.json, adapter_config.json or run.json; a model, "
                      "adapter or run folder is needed",
                      path));
    }
    if (file_exists(path + "/run.json")) report["run"] = read_json_object(path + "/run.json");
    return report;
  }
  if (path.ends_with(".safetensors")) return inspect_safetensors(path);
  return inspect_records(records);
}

}  // namespace pupil::cli
