#include "nn/strict_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "nn/file.h"
#include "tensor/error.h"

namespace pupil {
namespace {

/// "[json.exception.x] parse error at line 1, column 5: REASON" -> REASON
std::string reason_of(const nlohmann::detail::exception& error) {
  std::string text = error.what();
  for (const std::string_view mark : {"syntax error while parsing ", "] "}) {
    if (const auto at = text.find(mark); at != text.npos) return text.substr(at + mark.size());
  }
  return text;
}

}  // namespace

template <class Json>
Json parse_strict(std::string_view text) {
  // The parser takes a zero byte for the end of the text, and would not see what follows.
  if (const std::size_t at = text.find('\0'); at != text.npos) {
    throw JsonFault{at, "a zero byte"};
  }
  std::vector<std::set<std::string>> keys;
  const auto watch = [&keys](int depth, typename Json::parse_event_t event, Json& value) {
    using Event = typename Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= kMaxJsonDepth) {
        throw JsonFault{0, fmt::format("more than {} levels of nesting", kMaxJsonDepth)};
      }
      if (event == Event::object_start) keys.emplace_back();
    } else if (event == Event::object_end) {
      keys.pop_back();
    } else if (event == Event::key) {
      const auto& key = value.template get_ref<const std::string&>();
      if (!keys.back().insert(key).second) {
        throw JsonFault{0, fmt::format("the key {} stands twice in one object", show(key))};
      }
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), watch);
  } catch (const typename Json::parse_error& error) {
    throw JsonFault{std::min(error.byte > 0 ? error.byte - 1 : 0, text.size()), reason_of(error)};
  } catch (const typename Json::exception& error) {
    throw JsonFault{0, reason_of(error)};
  }
}

template <class Json>
Json parse_json_text(std::string_view text, const std::string& where) {
  try {
    return parse_strict<Json>(text);
  } catch (const JsonFault& fault) {
    const auto line = 1 + std::count(text.begin(), text.begin() + std::ptrdiff_t(fault.at), '\n');
    throw InputError(fmt::format("{}:{}: not valid JSON: {}", where, line, fault.reason));
  }
}

template <class Json>
Json read_json_file(const std::string& path) {
  return parse_json_text<Json>(read_file(path), path);
}

std::string show(const nlohmann::json& value) {
  constexpr std::size_t kLongest = 60;
  // Containers by their kind alone: dumping a large one to print sixty characters is waste.
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // between characters
  return text.substr(0, end) + "...";
}

template nlohmann::json parse_strict(std::string_view);
template nlohmann::ordered_json parse_strict(std::string_view);
template nlohmann::json parse_json_text(std::string_view, const std::string&);
template nlohmann::ordered_json parse_json_text(std::string_view, const std::string&);
template nlohmann::json read_json_file(const std::string&);
template nlohmann::ordered_json read_json_file(const std::string&);

}  // namespace pupil
