#include "sft/strict_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "nn/file.h"
#include "sft/utf8.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using nlohmann::json;

/// "[json.exception.x] parse error at line 1, column 5: REASON" -> REASON
std::string reason_of(const json::exception& error) {
  std::string text = error.what();
  for (const std::string_view mark : {"syntax error while parsing ", "] "}) {
    if (const auto at = text.find(mark); at != text.npos) return text.substr(at + mark.size());
  }
  return text;
}

}  // namespace

json parse_strict(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  const auto watch = [&keys](int depth, json::parse_event_t event, json& value) {
    using Event = json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= kMaxJsonDepth) {
        throw JsonFault{0, fmt::format("more than {} levels of nesting", kMaxJsonDepth)};
      }
      if (event == Event::object_start) keys.emplace_back();
    } else if (event == Event::object_end) {
      keys.pop_back();
    } else if (event == Event::key && !keys.back().insert(value.get<std::string>()).second) {
      throw JsonFault{0, fmt::format("the key {} stands twice in one object", show(value))};
    }
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), watch);
  } catch (const json::parse_error& error) {
    throw JsonFault{std::min(error.byte > 0 ? error.byte - 1 : 0, text.size()), reason_of(error)};
  } catch (const json::exception& error) {
    throw JsonFault{0, reason_of(error)};
  }
}

std::string show(const json& value) {
  constexpr std::size_t kLongest = 60;
  // Containers by their kind alone: dumping a large one to print sixty characters is waste.
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() <= kLongest) return text;
  text = to_valid_utf8(std::string_view(text).substr(0, kLongest));
  return text + "...";
}

json read_json_file(const std::string& path) {
  const std::string text = read_file(path);
  try {
    return parse_strict(text);
  } catch (const JsonFault& fault) {
    const auto line = 1 + std::count(text.begin(), text.begin() + std::ptrdiff_t(fault.at), '\n');
    throw InputError(fmt::format("{}:{}: not valid JSON: {}", path, line, fault.reason));
  }
}

}  // namespace pupil
