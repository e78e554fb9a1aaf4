#include "sft/record_fields.h"

#include <fmt/format.h>

#include <limits>

#include "nn/strict_json.h"

namespace pupil {
namespace {

using nlohmann::json;

template <class... Args>
[[noreturn]] void fault(fmt::format_string<Args...> format, Args&&... args) {
  throw RecordFault{fmt::format(format, std::forward<Args>(args)...)};
}

const json& field(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) fault("\"{}\" is missing", key);
  return *found;
}

std::string string_field(const json& object, const char* key) {
  const json& value = field(object, key);
  if (!value.is_string()) fault("\"{}\" is {}; expected a string", key, show(value));
  return value.get<std::string>();
}

// ---- messages

/// A string, or a list of parts {"type": "text", "text" or "value": string}, which are joined.
std::string content_of(const json& value, const std::string& place) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) fault("{} is {}; expected a string", place, show(value));
  std::string text;
  for (const json& part : value) {
    const bool typed = part.is_object() && part.contains("type") && part["type"] == "text";
    const char* key = typed && part.contains("text") ? "text" : "value";
    if (!typed || !part.contains(key) || !part[key].is_string()) {
      fault("{} has a part that is not of type \"text\"; expected text only", place);
    }
    text += part[key].get<std::string>();
  }
  return text;
}

std::string role_of(const json& value, const std::string& place) {
  const std::string name = value.is_string() ? value.get<std::string>() : "";
  if (name == "system" || name == "user" || name == "assistant") return name;
  if (place.ends_with(".from") && name == "human") return "user";
  if (place.ends_with(".from") && name == "gpt") return "assistant";
  throw RecordFault{fmt::format("{} is {}; expected system, user or assistant", place, show(value)),
                    name.empty() ? show(value) : name};
}

constexpr double kLargestWeight = 1000;

/// "weight" or "loss_weight": 1 by default, and nothing but 0 on what is never supervised.
double weight_of(const json& message, const std::string& role, const std::string& place) {
  for (const char* key : {"weight", "loss_weight"}) {
    if (!message.contains(key)) continue;
    const json& weight = message[key];
    const double value = weight.is_number() ? weight.get<double>() : -1;
    if (!(value >= 0 && value <= (role == "assistant" ? kLargestWeight : 0))) {
      fault("{}.{} is {}; expected a number from 0 to {} on an assistant message, 0 on another",
            place, key, show(weight), kLargestWeight);
    }
    return value;
  }
  return 1;
}

std::vector<Message> messages_of(const json& list, const char* key) {
  if (!list.is_array()) fault("\"{}\" is {}; expected a list of messages", key, show(list));
  if (list.empty()) fault("\"{}\" is empty; expected at least one message", key);
  const bool share_gpt = std::string_view(key) == "conversations";
  const char *role_key = share_gpt ? "from" : "role",
             *content_key = share_gpt ? "value" : "content";
  std::vector<Message> messages;
  for (const json& entry : list) {
    const std::string place = fmt::format("\"{}\"[{}]", key, messages.size());
    if (!entry.is_object()) fault("{} is {}; expected an object", place, show(entry));
    for (const char* needed : {role_key, content_key}) {
      if (!entry.contains(needed)) fault("{} has no \"{}\"", place, needed);
    }
    Message message;
    message.role = role_of(entry[role_key], fmt::format("{}.{}", place, role_key));
    message.content = content_of(entry[content_key], fmt::format("{}.{}", place, content_key));
    message.weight = weight_of(entry, message.role, place);
    messages.push_back(std::move(message));
  }
  return messages;
}

Conversation conversation(const json& object) {
  const char* key = object.contains("messages") ? "messages" : "conversations";
  if (!object.contains(key)) fault("\"messages\" (or ShareGPT's \"conversations\") is missing");
  Conversation result{messages_of(object[key], key), 0};
  result.prompt_messages = result.messages.size();
  for (std::size_t i = 0; i < result.messages.size(); ++i) {
    if (result.messages[i].role == "assistant") result.prompt_messages = i;
  }
  return result;
}

// ---- the other forms

Record prompt_completion(const json& object) {
  if (!object.contains("completion") && object.contains("chosen")) {
    fault(
        "has \"chosen\" instead of \"completion\"; preference records are not for fine-tuning on "
        "answers");
  }
  const json &prompt = field(object, "prompt"), &completion = field(object, "completion");
  if (prompt.is_array() != completion.is_array()) {
    fault("\"prompt\" and \"completion\" must both be strings or both be lists of messages");
  }
  if (!prompt.is_array()) {
    return {PromptCompletion{string_field(object, "prompt"), string_field(object, "completion")}};
  }
  Conversation result{messages_of(prompt, "prompt"), 0};
  result.prompt_messages = result.messages.size();
  for (Message& message : messages_of(completion, "completion")) {
    result.messages.push_back(std::move(message));
  }
  return {std::move(result)};
}

Instruction instruction(const json& object) {
  const bool input = object.contains("input") && !object["input"].is_null();
  return {string_field(object, "instruction"), input ? string_field(object, "input") : "",
          string_field(object, "output")};
}

/// Of the negative integers a label may be -100 only.
std::vector<std::int32_t> integers(const json& object, const char* key, bool labels) {
  constexpr auto kLargest = std::numeric_limits<std::int32_t>::max();
  const json& list = field(object, key);
  if (!list.is_array()) fault("\"{}\" is {}; expected a list of integers", key, show(list));
  std::vector<std::int32_t> values;
  values.reserve(list.size());
  for (const json& entry : list) {
    const bool in_range = entry.is_number_integer() && entry >= 0 && entry <= kLargest;
    if (!in_range && !(labels && entry.is_number_integer() && entry == -100)) {
      fault("\"{}\"[{}] is {}; expected {}an integer from 0 to {}", key, values.size(), show(entry),
            labels ? "-100 or " : "", kLargest);
    }
    values.push_back(entry.get<std::int32_t>());
  }
  return values;
}

IdSequence id_sequence(const json& object) {
  IdSequence result{integers(object, "ids", false), {}};
  if (result.ids.empty()) fault("\"ids\" is empty; expected at least one id");
  if (object.contains("labels")) {
    result.labels = integers(object, "labels", true);
    if (result.labels.size() != result.ids.size()) {
      fault("\"labels\" has {} entries, \"ids\" has {}; expected the same number",
            result.labels.size(), result.ids.size());
    }
    return result;
  }
  // Whoever wrote a mask did not mean all tokens to be supervised.
  for (const auto& [key, value] : object.items()) {
    if (key.find("mask") != key.npos) {
      fault("has \"ids\" and \"{}\" but no \"labels\"; give labels (-100 where not supervised)",
            key);
    }
  }
  return result;
}

std::string keys_of(const json& object) {
  std::string keys;
  for (const auto& [key, value] : object.items()) {
    if (keys.size() > 100) return keys + ", ...";
    keys += fmt::format("{}{}", keys.empty() ? "" : ", ", show(json(key)));
  }
  return keys.empty() ? "no field" : keys;
}

void expect_object(const json& value) {
  if (!value.is_object()) fault("is {}; expected an object {{...}}", show(value));
}

}  // namespace

RecordForm recognise(const json& object) {
  expect_object(object);
  const auto has = [&object](const char* key) { return object.contains(key); };
  if (has("labels") && !has("ids")) fault("has \"labels\" but no \"ids\"");
  if (has("labels")) return RecordForm::kIds;
  if (has("messages") || has("conversations")) return RecordForm::kMessages;
  if (has("instruction")) return RecordForm::kAlpaca;
  if (has("prompt") || has("completion")) return RecordForm::kPromptCompletion;
  if (has("text")) return RecordForm::kText;
  if (has("ids")) return RecordForm::kIds;
  fault(
      "has {}; expected messages (or conversations), prompt and completion, instruction and "
      "output, text, or ids",
      keys_of(object));
}

Record parse_record(const json& object, RecordForm form) {
  expect_object(object);
  switch (form) {
    case RecordForm::kMessages:
      return {conversation(object)};
    case RecordForm::kPromptCompletion:
      return prompt_completion(object);
    case RecordForm::kAlpaca:
      return {instruction(object)};
    case RecordForm::kText:
      return {PlainText{string_field(object, "text")}};
    default:
      return {id_sequence(object)};
  }
}

Prompt parse_prompt(const json& object) {
  expect_object(object);
  if (object.contains("ids")) return {id_sequence(object).ids};
  if (!object.contains("prompt")) fault("has {}; expected \"ids\" or \"prompt\"", keys_of(object));
  if (object["prompt"].is_array()) return {messages_of(object["prompt"], "prompt")};
  return {string_field(object, "prompt")};
}

}  // namespace pupil
