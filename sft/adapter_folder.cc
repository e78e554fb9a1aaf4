#include "sft/adapter_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "nn/file.h"
#include "nn/json_fields.h"
#include "nn/model_folder.h"
#include "nn/strict_json.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kBaseHash = "base_sha256";
constexpr std::int32_t kMostNewTokens = 1000;  // more is no chat template but a damaged file

std::vector<std::string> text_list(const FieldReader& fields, const Json& json, const char* field) {
  if (!fields.has(field)) return {};
  if (json[field].is_string()) {
    fields.fail(field, fmt::format("is the regular expression \"{}\"; a list of names is needed",
                                   json[field].get<std::string>()));
  }
  std::vector<std::string> list;
  if (!json[field].is_array()) fields.fail(field, "must be a list of names");
  for (const Json& item : json[field]) {
    if (!item.is_string()) fields.fail(field, "must be a list of names");
    list.push_back(item.get<std::string>());
  }
  return list;
}

std::vector<std::int32_t> special_ids(const FieldReader& fields, const Json& json) {
  const char* field = "trainable_token_indices";
  if (!fields.has(field)) return {};
  const Json& value = json[field];
  const bool by_module = value.is_object() && value.size() == 1 && value.contains("wte");
  const Json& ids = by_module ? value["wte"] : value;
  if (!ids.is_array()) fields.fail(field, "must be a list of ids, or such a list for wte");
  std::vector<std::int32_t> list;
  for (const Json& id : ids) {
    if (!id.is_number_integer() || id < 0 || id > INT32_MAX) {
      fields.fail(field, "must be a list of ids");
    }
    list.push_back(id.get<std::int32_t>());
    if (std::count(list.begin(), list.end(), list.back()) > 1) {
      fields.fail(field, fmt::format("has the id {} twice", list.back()));
    }
  }
  return list;
}

// The rank decides how much is allocated: it must be that of the file's own tensors.
void check_rank(const SafetensorsFile& file, std::int64_t rank) {
  bool found = false;
  for (const auto& [name, entry] : file.entries()) {
    if (!name.ends_with(".lora_A.weight")) continue;
    if (entry.shape.size() == 2 && entry.shape[0] == rank && entry.shape[1] > 0) {
      found = true;
      continue;
    }
    throw InputError(fmt::format("{}: tensor {} is [{}], adapter_config.json says rank {}",
                                 file.path(), name, fmt::join(entry.shape, ", "), rank));
  }
  if (!found) throw InputError(file.path() + ": holds no tensor that ends in .lora_A.weight");
}

// Special tokens that the base lacks got rows of their own when the adapter was trained.
void grow_for_special_ids(const std::string& path, const std::vector<std::int32_t>& ids, Gpt& gpt) {
  std::int64_t size = gpt.config().vocab_size;
  for (const std::int32_t id : ids) {
    if (id >= gpt.config().vocab_size + kMostNewTokens) {
      throw InputError(
          fmt::format("{}/adapter_config.json: trainable_token_indices has {}, the model a "
                      "vocabulary of {}; they do not belong together",
                      path, id, gpt.config().vocab_size));
    }
    size = std::max<std::int64_t>(size, id + 1);
  }
  gpt.grow_vocabulary(size);
}

}  // namespace

AdapterInfo read_adapter_config(const std::string& path) {
  const std::string file = path + "/adapter_config.json";
  const Json json = read_json_object(file);
  const FieldReader fields(json, file);
  const std::string type = fields.text("peft_type", "");
  if (type != "LORA") fields.fail("peft_type", fmt::format("is \"{}\"; LORA can be read", type));
  for (const char* refused :
       {"use_dora", "use_qalora", "use_bdlora", "lora_bias", "layer_replication",
        "layers_to_transform", "target_parameters", "exclude_modules", "alora_invocation_tokens",
        "arrow_config", "kasa_config", "velora_config"}) {
    if (fields.has(refused) && json[refused] != Json(false)) {
      fields.fail(refused, "is set; this engine does not compute it");
    }
  }
  for (const char* pattern : {"rank_pattern", "alpha_pattern"}) {
    if (fields.has(pattern) && !json[pattern].empty()) {
      fields.fail(pattern, "is set; this engine does not compute it");
    }
  }
  if (const std::string bias = fields.text("bias", "none"); bias != "none") {
    fields.fail("bias", fmt::format("is \"{}\"; this engine trains no bias in an adapter", bias));
  }
  if (!fields.boolean("fan_in_fan_out", false)) {
    fields.fail("fan_in_fan_out",
                "is false; GPT-2's linear maps are stored (in, out) and need true");
  }
  AdapterInfo info;
  info.lora.rank = fields.count("r");
  info.lora.alpha = fields.number("lora_alpha", 8);
  info.lora.dropout = fields.number("lora_dropout", 0);
  info.lora.rslora = fields.boolean("use_rslora", false);
  info.lora.targets = text_list(fields, json, "target_modules");
  info.lora.modules_to_save = text_list(fields, json, "modules_to_save");
  info.lora.special_ids = special_ids(fields, json);
  info.base_model = fields.text("base_model_name_or_path", "");
  return info;
}

AdapterInfo load_adapter(const std::string& path, Gpt& gpt) {
  AdapterInfo info = read_adapter_config(path);
  const std::string file_name = path + "/adapter_model.safetensors";
  const SafetensorsFile file(file_name);
  if (const auto hash = file.metadata().find(kBaseHash); hash != file.metadata().end()) {
    info.base_hash = hash->second;
    if (info.base_hash != hash_of_weights(gpt)) {
      throw InputError(
          fmt::format("{}: was trained on another base model ({}); its weights' hash is "
                      "{}..., this model has another",
                      file_name, info.base_model, info.base_hash.substr(0, 12)));
    }
  }
  check_rank(file, info.lora.rank);
  grow_for_special_ids(path, info.lora.special_ids, gpt);
  try {
    add_lora(gpt, info.lora, /*seed=*/0);
  } catch (const UsageError& e) {
    throw InputError(fmt::format("{}/adapter_config.json: {}", path, e.what()));
  }
  std::set<std::string> used;
  for (const NamedParameter& p : lora_parameters(gpt)) {
    if (!file.contains(p.name)) {
      throw InputError(fmt::format("{}: tensor {} is missing; adapter_config.json asks for it",
                                   file_name, p.name));
    }
    const std::string& type = file.entries().at(p.name).dtype;
    if (type != "F32" && type != "F64" && type != "F16" && type != "BF16") {
      throw InputError(fmt::format("{}: tensor {} is {}; weights are F32, F64, F16 or BF16",
                                   file_name, p.name, type));
    }
    const Tensor value = file.read(p.name, gpt.dtype());
    if (value.shape() != p.variable->shape()) {
      throw InputError(fmt::format("{}: tensor {} is {}, the model and adapter_config.json need {}",
                                   file_name, p.name, value.shape().str(),
                                   p.variable->shape().str()));
    }
    p.variable->leaf()->value.copy_(value);
    used.insert(p.name);
  }
  for (const auto& [name, entry] : file.entries()) {
    if (!used.contains(name)) {
      throw InputError(fmt::format(
          "{}: tensor {} is not part of what adapter_config.json describes", file_name, name));
    }
  }
  return info;
}

void save_adapter(const std::string& path, Gpt& gpt, const AdapterInfo& info, SaveType type) {
  const LoraConfig& lora = info.lora;
  Json json;
  json["peft_type"] = "LORA";
  json["task_type"] = "CAUSAL_LM";
  json["base_model_name_or_path"] = info.base_model;
  json["r"] = lora.rank;
  json["lora_alpha"] = lora.alpha;
  json["lora_dropout"] = lora.dropout;
  json["use_rslora"] = lora.rslora;
  json["use_dora"] = false;
  json["bias"] = "none";
  json["fan_in_fan_out"] = true;
  json["inference_mode"] = true;
  json["init_lora_weights"] = true;
  json["target_modules"] = lora.targets;
  json["modules_to_save"] =
      lora.modules_to_save.empty() ? Json(nullptr) : Json(lora.modules_to_save);
  json["trainable_token_indices"] =
      lora.special_ids.empty() ? Json(nullptr) : Json{{"wte", lora.special_ids}};
  json["rank_pattern"] = Json::object();
  json["alpha_pattern"] = Json::object();
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const NamedParameter& p : lora_parameters(gpt))
    tensors.emplace_back(p.name, p.variable->value());
  std::map<std::string, std::string> metadata;
  if (!info.base_hash.empty()) metadata[kBaseHash] = info.base_hash;
  make_folder(path);
  write_safetensors(path + "/adapter_model.safetensors", tensors, metadata, type);
  write_file(path + "/adapter_config.json", json_text(json, 2) + "\n");
}

}  // namespace pupil
