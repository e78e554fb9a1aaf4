// A JSON value against a schema (JSON Schema, the words that our schemas use): every way in which
// it does not fit, with its place.
//
//   type enum const required properties additionalProperties items minItems minimum $ref
//   "#/$defs/X"
//
// A word outside of this list is a fault of the schema, so that none says more than is looked at.
#pragma once
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pupil::test {

class JsonSchema {
 public:
  explicit JsonSchema(nlohmann::json schema) : root_(std::move(schema)) {}

  /// "/checks/0/points: 7 is less than 8"; empty when the value fits.
  std::vector<std::string> faults(const nlohmann::json& value) const {
    std::vector<std::string> found;
    look(value, root_, "", found);
    return found;
  }

 private:
  using Json = nlohmann::json;

  static bool is_of(const Json& value, const std::string& type) {
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return value.type_name() == type;
  }

  static bool is_of(const Json& value, const Json& types) {
    if (types.is_string()) return is_of(value, types.get<std::string>());
    return std::any_of(types.begin(), types.end(),
                       [&](const Json& type) { return is_of(value, type.get<std::string>()); });
  }

  void look(const Json& value, const Json& schema, const std::string& place,
            std::vector<std::string>& found) const {
    const auto fault = [&](const std::string& text) { found.push_back(place + ": " + text); };
    for (const auto& [word, rule] : schema.items()) {
      if (word == "$schema" || word == "$defs" || word == "title" || word == "description")
        continue;
      if (word == "$ref") {
        look(value, root_.at(Json::json_pointer(rule.get<std::string>().substr(1))), place, found);
      } else if (word == "type") {
        if (!is_of(value, rule)) fault("is " + value.dump() + ", not of type " + rule.dump());
      } else if (word == "enum") {
        if (std::find(rule.begin(), rule.end(), value) == rule.end()) {
          fault(value.dump() + " is none of " + rule.dump());
        }
      } else if (word == "const") {
        if (value != rule) fault("is " + value.dump() + ", not " + rule.dump());
      } else if (word == "minimum") {
        if (value.is_number() && value < rule) fault(value.dump() + " is below " + rule.dump());
      } else if (word == "minItems") {
        if (value.is_array() && value.size() < rule.get<std::size_t>()) fault("has too few items");
      } else if (word == "required") {
        for (const Json& name : rule) {
          if (value.is_object() && !value.contains(name)) fault("has no " + name.dump());
        }
      } else if (word == "items") {
        for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
          look(value[i], rule, place + "/" + std::to_string(i), found);
        }
      } else if (word == "properties") {
        for (const auto& [name, inner] : rule.items()) {
          if (value.is_object() && value.contains(name)) {
            look(value[name], inner, place + "/" + name, found);
          }
        }
      } else if (word == "additionalProperties") {
        if (!value.is_object()) continue;
        for (const auto& member : value.items()) {
          if (!schema.at("properties").contains(member.key())) {
            fault("has \"" + member.key() + "\", too");
          }
        }
      } else {
        fault("the schema has the word \"" + word + "\", which is not looked at");
      }
    }
  }

  Json root_;
};

}  // namespace pupil::test
