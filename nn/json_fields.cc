#include "nn/json_fields.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "nn/file.h"
#include "tensor/error.h"

namespace pupil {

using Json = nlohmann::ordered_json;

Json parse_json(const std::string& text, const std::string& where, int depth) {
  // Depth first, on the bytes: the library's parser builds whatever nests.
  int level = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++level > depth) {
        throw InputError(fmt::format("{}: byte {}: nested deeper than {} levels", where, i, depth));
      }
    } else if (c == '}' || c == ']') {
      --level;
    }
  }
  try {
    return Json::parse(text);
  } catch (const Json::exception& e) {
    std::string reason = e.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error ..."
    if (const auto end = reason.find("] "); end != std::string::npos)
      reason = reason.substr(end + 2);
    for (const char* words : {"parse error at ", "syntax error while parsing "}) {
      if (const auto at = reason.find(words); at != std::string::npos)
        reason.erase(at, std::strlen(words));
    }
    throw InputError(fmt::format("{}: no valid JSON: {}", where, reason));
  }
}

Json parse_json_file(const std::string& path) {
  Json json = parse_json(read_file(path), path);
  if (!json.is_object()) throw InputError(fmt::format("{}: must be a JSON object", path));
  return json;
}

FieldReader::FieldReader(const Json& object, std::string where)
    : object_(object), where_(std::move(where)) {}

void FieldReader::fail(const char* field, const std::string& message) const {
  throw InputError(fmt::format("{}: {} {}", where_, field, message));
}

bool FieldReader::has(const char* field) const {
  return object_.contains(field) && !object_[field].is_null();
}

std::int64_t FieldReader::count(const char* field) const {
  if (!has(field)) fail(field, "is missing; a whole number of at least 1 is needed");
  const Json& value = object_[field];
  const bool fits =
      value.is_number_integer() && value.get<double>() >= 1 && value.get<double>() < 2147483648.0;
  if (!fits) {
    fail(field, fmt::format("is {}; a whole number from 1 to 2^31 - 1 is needed", value.dump()));
  }
  return value.get<std::int64_t>();
}

double FieldReader::number(const char* field, double fallback) const {
  if (!has(field)) return fallback;
  if (!object_[field].is_number()) {
    fail(field, fmt::format("is {}; a number is needed", object_[field].dump()));
  }
  return object_[field].get<double>();
}

bool FieldReader::boolean(const char* field, bool fallback) const {
  if (!has(field)) return fallback;
  if (!object_[field].is_boolean()) {
    fail(field, fmt::format("is {}; true or false is needed", object_[field].dump()));
  }
  return object_[field].get<bool>();
}

std::string FieldReader::text(const char* field, const std::string& fallback) const {
  if (!has(field)) return fallback;
  if (!object_[field].is_string()) {
    fail(field, fmt::format("is {}; a text is needed", object_[field].dump()));
  }
  return object_[field].get<std::string>();
}

const Json& FieldReader::object(const char* field) const {
  if (!has(field) || !object_[field].is_object()) fail(field, "is missing; an object is needed");
  return object_[field];
}

}  // namespace pupil
