#include "nn/json_fields.h"

#include <fmt/format.h>

#include "nn/strict_json.h"
#include "tensor/error.h"

namespace pupil {

using Json = nlohmann::ordered_json;

Json read_json_object(const std::string& path) {
  Json json = read_json_file<Json>(path);
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
