#include "course/toml.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>

#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {

struct TomlTable::Node {
  std::shared_ptr<const toml::table> document;
  const toml::table* table;
};

TomlTable::TomlTable(std::shared_ptr<const Node> node, std::string path)
    : node_(std::move(node)), path_(std::move(path)) {}

TomlTable TomlTable::parse(const std::string& text, const std::string& path) {
  try {
    const auto document = std::make_shared<const toml::table>(toml::parse(text, path));
    return {std::make_shared<const Node>(Node{document, document.get()}), path};
  } catch (const toml::parse_error& e) {
    throw InputError(
        fmt::format("{}:{}: {}", path, e.source().begin.line, std::string(e.description())));
  }
}

TomlTable TomlTable::read(const std::string& path) { return parse(read_file(path), path); }

bool TomlTable::has(const char* key) const { return node_->table->contains(key); }

void TomlTable::fail(const char* key, const std::string& message) const {
  const toml::node* found = node_->table->get(key);
  const auto line = found ? found->source().begin.line : node_->table->source().begin.line;
  throw InputError(fmt::format("{}:{}: \"{}\" {}", path_, line, key, message));
}

std::string TomlTable::text(const char* key) const {
  const auto value = (*node_->table)[key].value_exact<std::string>();
  if (!value) fail(key, has(key) ? "must be a text in quotes" : "is missing (a text in quotes)");
  return *value;
}
std::string TomlTable::text_or(const char* key, const std::string& fallback) const {
  return has(key) ? text(key) : fallback;
}

std::int64_t TomlTable::integer(const char* key) const {
  const auto value = (*node_->table)[key].value_exact<std::int64_t>();
  if (!value) fail(key, has(key) ? "must be an integer" : "is missing (an integer)");
  return *value;
}
std::int64_t TomlTable::integer_or(const char* key, std::int64_t fallback) const {
  return has(key) ? integer(key) : fallback;
}

double TomlTable::number(const char* key) const {
  const auto value = (*node_->table)[key].value<double>();
  if (!value) fail(key, has(key) ? "must be a number" : "is missing (a number)");
  return *value;
}

bool TomlTable::flag_or(const char* key, bool fallback) const {
  if (!has(key)) return fallback;
  const auto value = (*node_->table)[key].value_exact<bool>();
  if (!value) fail(key, "must be true or false");
  return *value;
}

std::vector<std::string> TomlTable::texts(const char* key) const {
  std::vector<std::string> list;
  if (!has(key)) return list;
  const toml::array* array = (*node_->table)[key].as_array();
  if (!array) fail(key, "must be an array of texts");
  for (const toml::node& element : *array) {
    const auto value = element.value_exact<std::string>();
    if (!value) fail(key, "must be an array of texts");
    list.push_back(*value);
  }
  return list;
}

std::vector<TomlTable> TomlTable::tables(const char* key) const {
  std::vector<TomlTable> list;
  if (!has(key)) return list;
  const toml::array* array = (*node_->table)[key].as_array();
  if (!array) fail(key, fmt::format("must be written as [[{}]]", key));
  for (const toml::node& element : *array) {
    if (!element.is_table()) fail(key, fmt::format("must be written as [[{}]]", key));
    list.push_back(
        {std::make_shared<const Node>(Node{node_->document, element.as_table()}), path_});
  }
  return list;
}

TomlTable TomlTable::table(const char* key) const {
  const toml::table* table = (*node_->table)[key].as_table();
  if (!table) fail(key, fmt::format("is missing or no table; write [{}]", key));
  return {std::make_shared<const Node>(Node{node_->document, table}), path_};
}

std::vector<std::string> TomlTable::keys() const {
  std::vector<std::string> names;
  for (const auto& [key, value] : *node_->table) names.emplace_back(key.str());
  return names;
}

void TomlTable::expect_keys(const std::vector<std::string>& known) const {
  for (const std::string& key : keys()) {
    if (std::count(known.begin(), known.end(), key) == 0) {
      fail(key.c_str(), fmt::format("is not known here; known are: {}", fmt::join(known, ", ")));
    }
  }
}

}  // namespace pupil::course
