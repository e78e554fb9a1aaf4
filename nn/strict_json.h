// JSON from outside: nothing half-read, nothing guessed. Include it in .cc files only.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace pupil {

inline constexpr int kMaxJsonDepth = 64;

/// What is wrong with a text, and where in it (bytes from 0).
struct JsonFault {
  std::size_t at = 0;
  std::string reason;
};

/// Parses one JSON value. Refused, besides wrong syntax and wrong UTF-8: a repeated key in an
/// object, more than kMaxJsonDepth levels, numbers beyond a double. Throws JsonFault.
/// Json: nlohmann::json for long objects such as a vocabulary (keys sorted, fast to find), or
/// nlohmann::ordered_json where the order of the fields is kept (they are searched one by one).
template <class Json = nlohmann::json>
Json parse_strict(std::string_view text);

/// The same; errors are InputError with `where` and the line.
template <class Json = nlohmann::json>
Json parse_json_text(std::string_view text, const std::string& where);

/// Parses a whole file; errors are InputError with the path and the line.
template <class Json = nlohmann::json>
Json read_json_file(const std::string& path);

/// A value for an error message, cut to a readable length.
std::string show(const nlohmann::json& value);

/// A value as text; bytes that are no UTF-8 (of a path, of what was typed) become U+FFFD, where
/// dump() alone would throw.
template <class Json>
std::string json_text(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace pupil
