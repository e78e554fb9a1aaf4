// The fields of a JSON object, by name, with messages that say which file and field is wrong.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace pupil {

/// A file that holds one object, its fields in their order. Throws InputError with path and line.
nlohmann::ordered_json read_json_object(const std::string& path);

/// The fields of one object. Every reader throws InputError when the type is another one; those
/// without a fallback, also when the field is missing.
class FieldReader {
 public:
  FieldReader(const nlohmann::ordered_json& object, std::string where);

  bool has(const char* field) const;            ///< there and not null
  std::int64_t count(const char* field) const;  ///< an integer in [1, 2^31)
  double number(const char* field, double fallback) const;
  bool boolean(const char* field, bool fallback) const;
  std::string text(const char* field, const std::string& fallback) const;
  const nlohmann::ordered_json& object(const char* field) const;
  /// Throws InputError: "FILE: FIELD MESSAGE".
  [[noreturn]] void fail(const char* field, const std::string& message) const;

 private:
  const nlohmann::ordered_json& object_;
  std::string where_;
};

}  // namespace pupil
