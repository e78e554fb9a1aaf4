#include "sft/jinja_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "sft/utf8.h"
#include "tensor/error.h"

namespace pupil::jinja {
namespace {

bool is_undefined(const Value& value) { return value.is_discarded(); }

std::string kind_of(const Value& value) {
  if (is_undefined(value)) return "an undefined value";
  if (value.is_null()) return "None";
  return std::string("a value of type ") + value.type_name();
}

[[noreturn]] void fail(const std::string& what) { throw InputError(what); }

const std::string& text_of(const Value& value, const std::string& user) {
  if (!value.is_string()) fail(fmt::format("{} needs a text, got {}", user, kind_of(value)));
  return value.get_ref<const std::string&>();
}

std::int64_t number_of(const Value& value, const std::string& user) {
  if (!value.is_number_integer()) {
    fail(fmt::format("{} needs a whole number, got {}", user, kind_of(value)));
  }
  return value.get<std::int64_t>();
}

std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> list;
  while (!text.empty()) {
    list.push_back(text.substr(0, utf8_step(text).length));
    text.remove_prefix(list.back().size());
  }
  return list;
}

bool contains(const Value& container, const Value& item) {
  if (container.is_string()) {
    return container.get_ref<const std::string&>().find(text_of(item, "in")) != std::string::npos;
  }
  if (container.is_array()) {
    return std::find(container.begin(), container.end(), item) != container.end();
  }
  if (container.is_object()) {
    return item.is_string() && container.contains(item.get_ref<const std::string&>());
  }
  fail(fmt::format("in needs a text, list or mapping, got {}", kind_of(container)));
}

Value arithmetic(const std::string& op, std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kLargest = INT32_MAX;  // far beyond what a template counts
  if (std::max(std::abs(a), std::abs(b)) > kLargest) fail("a number is too large");
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "/") fail("/ gives a fraction, which is not understood; // and % are");
  if (b == 0) fail(fmt::format("{} by zero", op));
  const std::int64_t remainder = (a % b + b) % b;  // Python's has the divisor's sign
  return op == "%" ? remainder : (a - remainder) / b;
}

std::string stripped(const std::string& text, const std::string& name,
                     const std::vector<Value>& arguments) {
  const bool left = name != "rstrip", right = name != "lstrip";
  if (arguments.empty()) {
    std::string_view rest = text;
    if (left) rest = trimmed_start(rest);
    return std::string(right ? trimmed_end(rest) : rest);
  }
  const std::string& set = text_of(arguments[0], name);
  if (std::any_of(set.begin(), set.end(), [](char c) { return c < 0; })) {
    fail(fmt::format("{} of other characters than ASCII is not understood", name));
  }
  const std::size_t begin = left ? text.find_first_not_of(set) : 0;
  if (begin == text.npos) return "";
  const std::size_t end = right ? text.find_last_not_of(set) + 1 : text.size();
  return end <= begin ? "" : text.substr(begin, end - begin);
}

Value split(const std::string& text, const std::vector<Value>& arguments) {
  if (arguments.size() != 1) fail("split is understood with one argument");
  const std::string& mark = text_of(arguments[0], "split");
  if (mark.empty()) fail("split by an empty text");
  Value parts = Value::array();
  for (std::size_t begin = 0, end; begin <= text.size(); begin = end + mark.size()) {
    end = std::min(text.find(mark, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
  }
  return parts;
}

}  // namespace

bool truth(const Value& value) {
  if (is_undefined(value) || value.is_null()) return false;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value != 0;
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.empty();
}

std::string printed(const Value& value) {
  if (is_undefined(value)) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "None";
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  fail(fmt::format("printing {} is not understood", kind_of(value)));
}

Value binary(const std::string& op, const Value& a, const Value& b) {
  if (op == "~") return printed(a) + printed(b);
  if (op == "==" || op == "!=") {
    const bool same =
        is_undefined(a) || is_undefined(b) ? is_undefined(a) && is_undefined(b) : a == b;
    return same == (op == "==");
  }
  if (op == "in") return contains(b, a);
  if (op == "+" && a.is_string() && b.is_string()) {
    return a.get_ref<const std::string&>() + b.get_ref<const std::string&>();
  }
  if (op == "<" || op == ">" || op == "<=" || op == ">=") {
    const std::int64_t x = number_of(a, op), y = number_of(b, op);
    return op == "<" ? x < y : op == ">" ? x > y : op == "<=" ? x <= y : x >= y;
  }
  if (op == "+" && (a.is_string() || b.is_string())) {
    fail(fmt::format("+ of a text and {}", kind_of(a.is_string() ? b : a)));
  }
  return arithmetic(op, number_of(a, op), number_of(b, op));
}

Value member(const Value& object, const Value& key) {
  if (object.is_object() && key.is_string()) {
    const auto found = object.find(key.get_ref<const std::string&>());
    return found == object.end() ? undefined() : *found;
  }
  if (object.is_array() && key.is_number_integer()) {
    const auto size = std::int64_t(object.size());
    const std::int64_t at = key.get<std::int64_t>() + (key < 0 ? size : 0);
    return at < 0 || at >= size ? undefined() : object[std::size_t(at)];
  }
  if (object.is_string() && key.is_number_integer()) {
    const auto characters = characters_of(object.get_ref<const std::string&>());
    const auto size = std::int64_t(characters.size());
    const std::int64_t at = key.get<std::int64_t>() + (key < 0 ? size : 0);
    return at < 0 || at >= size ? undefined() : Value(std::string(characters[std::size_t(at)]));
  }
  if (is_undefined(object) || object.is_null()) {
    fail(fmt::format("[{}] of {}", printed(key), kind_of(object)));
  }
  return undefined();
}

Value slice(const Value& object, const Value& begin, const Value& end, const Value& step) {
  const std::int64_t by = is_undefined(step) ? 1 : number_of(step, "a slice");
  if (by != 1 && by != -1) fail("a slice with another step than 1 and -1 is not understood");
  Value list = object;
  if (object.is_string()) {
    list = Value::array();
    for (const auto character : characters_of(object.get_ref<const std::string&>())) {
      list.push_back(std::string(character));
    }
  }
  if (!list.is_array()) fail(fmt::format("a slice of {}", kind_of(object)));
  if (by < 0) {
    if (!is_undefined(begin) || !is_undefined(end)) fail("only [::-1] is understood backwards");
    std::reverse(list.begin(), list.end());
  }
  const auto size = std::int64_t(list.size());
  const auto bound = [&](const Value& value, std::int64_t missing) {
    if (is_undefined(value)) return missing;
    const std::int64_t at = number_of(value, "a slice");
    return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size);
  };
  const std::int64_t from = bound(begin, 0), to = std::max(from, bound(end, size));
  const Value part(Value::array_t(list.begin() + from, list.begin() + to));
  if (!object.is_string()) return part;
  std::string text;
  for (const Value& character : part) text += character.get_ref<const std::string&>();
  return text;
}

Value method(const Value& object, const std::string& name, const std::vector<Value>& arguments) {
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    return stripped(text_of(object, name), name, arguments);
  }
  if (name == "split") return split(text_of(object, name), arguments);
  if ((name == "startswith" || name == "endswith") && arguments.size() == 1) {
    const std::string &text = text_of(object, name), &part = text_of(arguments[0], name);
    return name == "startswith" ? text.starts_with(part) : text.ends_with(part);
  }
  if (name == "get" && object.is_object() && (arguments.size() == 1 || arguments.size() == 2)) {
    const Value found = member(object, arguments[0]);
    if (!is_undefined(found)) return found;
    return arguments.size() == 2 ? arguments[1] : Value();
  }
  fail(fmt::format("the method {} is not understood", name));
}

Value filter(const Value& value, const std::string& name, const std::vector<Value>& arguments) {
  if (name == "default" || name == "d") {
    const bool empty = arguments.size() > 1 && truth(arguments[1]) && !truth(value);
    if (!is_undefined(value) && !empty) return value;
    return arguments.empty() ? Value("") : arguments[0];
  }
  if (!arguments.empty()) fail(fmt::format("the filter {} with arguments is not understood", name));
  if (name == "trim") return stripped(printed(value), "strip", {});
  if (name == "string") return printed(value);
  if (name == "length" || name == "count") {
    if (value.is_string()) return characters_of(value.get_ref<const std::string&>()).size();
    if (value.is_array() || value.is_object()) return value.size();
    fail(fmt::format("length of {}", kind_of(value)));
  }
  if ((name == "first" || name == "last") && value.is_array()) {
    return member(value, name == "first" ? 0 : -1);
  }
  fail(fmt::format("the filter {} is not understood", name));
}

bool test(const Value& value, const std::string& name) {
  if (name == "defined") return !is_undefined(value);
  if (name == "undefined") return is_undefined(value);
  if (name == "none") return value.is_null();
  if (name == "string") return value.is_string();
  if (name == "mapping") return value.is_object();
  if (name == "iterable" || name == "sequence") {
    return value.is_string() || value.is_array() || value.is_object();
  }
  if (name == "true") return value == true;
  if (name == "false") return value == false;
  fail(fmt::format("the test \"is {}\" is not understood", name));
}

}  // namespace pupil::jinja
