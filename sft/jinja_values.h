// What expressions of a Jinja template compute with, as Python has it: JSON values (null is None)
// and one more, undefined, which a discarded JSON value stands for.
//
// Only what chat templates need is here; everything else throws InputError and says what.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pupil::jinja {

using Value = nlohmann::json;

inline Value undefined() { return Value(Value::value_t::discarded); }
/// Python's truth: not undefined, None, False, 0, or empty.
bool truth(const Value& value);
/// As it is printed: text as it is, True, False, None, whole numbers; undefined is nothing.
std::string printed(const Value& value);

/// a op b for == != < > <= >= in + - * / // % ~.
Value binary(const std::string& op, const Value& a, const Value& b);
/// object.key and object[key]; undefined where there is none.
Value member(const Value& object, const Value& key);
/// list[begin:end:step] of lists and texts; undefined parts are left out.
Value slice(const Value& object, const Value& begin, const Value& end, const Value& step);
/// object.name(arguments): strip lstrip rstrip split startswith endswith get.
Value method(const Value& object, const std::string& name, const std::vector<Value>& arguments);
/// value | name(arguments): trim length count default first last string.
Value filter(const Value& value, const std::string& name, const std::vector<Value>& arguments);
/// value is name: defined undefined none string mapping iterable sequence true false.
bool test(const Value& value, const std::string& name);

}  // namespace pupil::jinja
