#include "sft/adapter_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "nn/json_fields.h"
#include "nn/strict_json.h"
#include "sft/module_names.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using Json = nlohmann::ordered_json;

// What read_adapter_config reads, and what says nothing about the arithmetic of a stored adapter:
// where it comes from, and how its first values were found.
constexpr std::string_view kKnown[] = {
    "peft_type", "r", "lora_alpha", "lora_dropout", "use_rslora", "use_dora", "fan_in_fan_out",
    "bias", "target_modules", "rank_pattern", "alpha_pattern", "modules_to_save",
    "trainable_token_indices", "base_model_name_or_path", "init_lora_weights",
    // no arithmetic
    "task_type", "inference_mode", "auto_mapping", "revision", "peft_version", "megatron_config",
    "megatron_core", "qalora_group_size", "eva_config", "corda_config", "lora_ga_config",
    "loftq_config", "layers_pattern", "ensure_weight_tying", "runtime_config"};

// First values that leave the base's weights alone. The others (PiSSA, OLoRA, LoftQ, ...) take
// something away from them, which the base in our hands still has.
constexpr std::string_view kInitialisations[] = {"gaussian", "eva", "orthogonal", "mica"};

bool is_nothing(const Json& value) {
  return value.is_null() || value == Json(false) || value.empty();
}

std::vector<std::string> names(const FieldReader& fields, const Json& json, const char* field) {
  std::vector<std::string> list;
  if (!fields.has(field)) return list;
  if (!json[field].is_array()) fields.fail(field, "must be a list of names");
  for (const Json& item : json[field]) {
    if (!item.is_string()) fields.fail(field, "must be a list of names");
    list.push_back(item.get<std::string>());
  }
  return list;
}

constexpr const char* kTokens = "trainable_token_indices";

std::vector<std::int32_t> id_list(const FieldReader& fields, const Json& ids) {
  if (!ids.is_array()) fields.fail(kTokens, "must be a list of ids, or such lists by module");
  std::vector<std::int32_t> list;
  for (const Json& id : ids) {
    if (!id.is_number_integer() || id < 0 || id > INT32_MAX) {
      fields.fail(kTokens, "must be a list of ids");
    }
    list.push_back(id.get<std::int32_t>());
    if (std::count(list.begin(), list.end(), list.back()) > 1) {
      fields.fail(kTokens, fmt::format("has the id {} twice", list.back()));
    }
  }
  return list;
}

/// A list is meant for the embedding; by module, wte and lm_head can have one each.
void read_special_ids(const FieldReader& fields, const Json& json, LoraConfig& lora) {
  if (!fields.has(kTokens)) return;
  const Json& value = json[kTokens];
  if (!value.is_object()) {
    lora.special_ids = id_list(fields, value);
    return;
  }
  for (const auto& [module, ids] : value.items()) {
    if (module != "wte" && module != "lm_head") {
      fields.fail(kTokens,
                  fmt::format("names module \"{}\"; wte and lm_head can train rows", module));
    }
    (module == "wte" ? lora.special_ids : lora.special_head_ids) = id_list(fields, ids);
  }
}

// rank_pattern and alpha_pattern: an object of numbers, read one by one by `number`.
template <class Value, class Number>
void read_table(const FieldReader& fields, const char* field,
                std::vector<std::pair<std::string, Value>>& rows, Number number) {
  if (!fields.has(field)) return;
  const Json& table = fields.object(field);
  const FieldReader entries(table, fmt::format("{}", field));
  for (const auto& [key, value] : table.items()) {
    try {
      rows.emplace_back(key, number(entries, key.c_str()));
      NamePattern pattern(key);
    } catch (const Error& e) {
      fields.fail(field, fmt::format("has a row that cannot be used: {}", e.what()));
    }
  }
}

void refuse_unknown(const FieldReader& fields, const Json& json) {
  for (const auto& [field, value] : json.items()) {
    if (is_nothing(value) || std::ranges::count(kKnown, std::string_view(field)) > 0) continue;
    fields.fail(field.c_str(), "is set; this engine does not compute it");
  }
  if (const std::string bias = fields.text("bias", "none"); bias != "none") {
    fields.fail("bias", fmt::format("is \"{}\"; this engine trains no bias in an adapter", bias));
  }
  const char* field = "init_lora_weights";
  if (!fields.has(field) || json[field].is_boolean()) return;
  const std::string first = fields.text(field, "");
  if (std::ranges::count(kInitialisations, std::string_view(first)) > 0) return;
  fields.fail(field, fmt::format("is \"{}\", which changes the base's weights; convert the adapter "
                                 "to plain LoRA with PEFT "
                                 "(save_pretrained(path_initial_model_for_weight_conversion=...))",
                                 first));
}

}  // namespace

AdapterInfo read_adapter_config(const std::string& path) {
  const std::string file = path + "/adapter_config.json";
  const Json json = read_json_object(file);
  const FieldReader fields(json, file);
  const std::string type = fields.text("peft_type", "");
  if (type != "LORA") fields.fail("peft_type", fmt::format("is \"{}\"; LORA can be read", type));
  refuse_unknown(fields, json);
  AdapterInfo info;
  LoraConfig& lora = info.lora;
  lora.rank = fields.count("r");
  lora.alpha = fields.number("lora_alpha", 8);
  lora.dropout = fields.number("lora_dropout", 0);
  lora.rslora = fields.boolean("use_rslora", false);
  lora.dora = fields.boolean("use_dora", false);
  // GPT-2's linear maps are stored (in, out). PEFT knows that from the model and computes the same
  // whatever the field says; we only check its type.
  fields.boolean("fan_in_fan_out", false);
  if (fields.has("target_modules") && json["target_modules"].is_string()) {
    lora.target_pattern = fields.text("target_modules", "");
    lora.targets.clear();
  } else {
    lora.targets = names(fields, json, "target_modules");
  }
  read_table(fields, "rank_pattern", lora.rank_pattern,
             [](const FieldReader& row, const char* key) { return row.count(key); });
  read_table(fields, "alpha_pattern", lora.alpha_pattern,
             [](const FieldReader& row, const char* key) { return row.number(key, 0); });
  lora.modules_to_save = names(fields, json, "modules_to_save");
  read_special_ids(fields, json, lora);
  info.base_model = fields.text("base_model_name_or_path", "");
  return info;
}

std::string adapter_config_text(const AdapterInfo& info) {
  const LoraConfig& lora = info.lora;
  const auto table = [](const auto& rows) {
    Json object = Json::object();
    for (const auto& [key, value] : rows) object[key] = value;
    return object;
  };
  const auto list_or_null = [](const auto& list) {
    return list.empty() ? Json(nullptr) : Json(list);
  };
  Json json;
  json["peft_type"] = "LORA";
  json["task_type"] = "CAUSAL_LM";
  json["base_model_name_or_path"] = info.base_model;
  json["r"] = lora.rank;
  json["lora_alpha"] = lora.alpha;
  json["lora_dropout"] = lora.dropout;
  json["use_rslora"] = lora.rslora;
  json["use_dora"] = lora.dora;
  json["bias"] = "none";
  json["fan_in_fan_out"] = true;
  json["inference_mode"] = true;
  json["init_lora_weights"] = true;
  json["target_modules"] =
      lora.target_pattern.empty() ? Json(lora.targets) : Json(lora.target_pattern);
  json["rank_pattern"] = table(lora.rank_pattern);
  json["alpha_pattern"] = table(lora.alpha_pattern);
  json["modules_to_save"] = list_or_null(lora.modules_to_save);
  json[kTokens] = nullptr;
  if (!lora.special_ids.empty()) json[kTokens]["wte"] = lora.special_ids;
  if (!lora.special_head_ids.empty()) json[kTokens]["lm_head"] = lora.special_head_ids;
  return json_text(json, 2) + "\n";
}

}  // namespace pupil
