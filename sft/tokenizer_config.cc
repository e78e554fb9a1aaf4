#include "sft/tokenizer_config.h"

#include <fmt/format.h>

#include "nn/file.h"
#include "nn/strict_json.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using nlohmann::json;

/// null where there is none.
json token_of(const json& config, const char* field) {
  if (!config.contains(field)) return nullptr;
  const json& entry = config[field];
  return entry.is_object() && entry.contains("content") ? entry["content"] : entry;
}

void read_eos(Tokenizer& tokenizer, const json& config, const std::string& path) {
  const json name = token_of(config, "eos_token");
  if (name.is_null()) return;
  if (!name.is_string()) {
    throw InputError(fmt::format("{}: \"eos_token\" is {}; expected a string", path, show(name)));
  }
  try {
    tokenizer.set_eos(name.get<std::string>());
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: \"eos_token\": {}", path, error.what()));
  }
}

std::optional<std::string> template_of(const json& config) {
  if (!config.contains("chat_template")) return std::nullopt;
  const json& entry = config["chat_template"];
  if (entry.is_string()) return entry.get<std::string>();
  if (!entry.is_array()) return std::nullopt;
  for (const json& named : entry) {
    if (named.is_object() && named.value("name", json()) == "default" &&
        named.value("template", json()).is_string()) {
      return named["template"].get<std::string>();
    }
  }
  return std::nullopt;
}

}  // namespace

void read_tokenizer_config(Tokenizer& tokenizer, const std::string& folder) {
  const std::string path = folder + "/tokenizer_config.json",
                    jinja = folder + "/chat_template.jinja";
  json config = file_exists(path) ? read_json_file(path) : json::object();
  if (!config.is_object()) throw InputError(path + ": expected an object");
  read_eos(tokenizer, config, path);
  std::optional<std::string> source = template_of(config);
  if (file_exists(jinja)) source = read_file(jinja);
  if (!source) return;
  tokenizer.jinja_chat = JinjaChat{*source, {}};
  for (const char* field : {"bos_token", "eos_token", "pad_token", "unk_token"}) {
    const json name = token_of(config, field);
    if (name.is_string()) tokenizer.jinja_chat->tokens[field] = name.get<std::string>();
  }
}

void write_tokenizer_config(const Tokenizer& tokenizer, const std::string& folder) {
  nlohmann::ordered_json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                                   {"clean_up_tokenization_spaces", false}};
  if (tokenizer.jinja_chat) {
    for (const auto& [field, name] : tokenizer.jinja_chat->tokens) config[field] = name;
  }
  if (const auto eos = tokenizer.eos()) config["eos_token"] = *tokenizer.token_bytes(*eos);
  write_file(folder + "/tokenizer_config.json", config.dump(1) + "\n");
  if (tokenizer.jinja_chat) {
    write_file(folder + "/chat_template.jinja", tokenizer.jinja_chat->source);
  }
}

}  // namespace pupil
