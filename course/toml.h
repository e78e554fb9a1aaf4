// TOML tables of the course's files, with strict reading: a key that is missing, of another type or
// unknown is an InputError with file and line.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pupil::course {

class TomlTable {
 public:
  static TomlTable read(const std::string& path);
  static TomlTable parse(const std::string& text, const std::string& path);

  bool has(const char* key) const;
  std::string text(const char* key) const;
  std::string text_or(const char* key, const std::string& fallback) const;
  std::int64_t integer(const char* key) const;
  std::int64_t integer_or(const char* key, std::int64_t fallback) const;
  double number(const char* key) const;
  bool flag_or(const char* key, bool fallback) const;
  /// An array of strings; empty when missing.
  std::vector<std::string> texts(const char* key) const;
  /// [[key]]; empty when missing.
  std::vector<TomlTable> tables(const char* key) const;
  /// [key]
  TomlTable table(const char* key) const;
  std::vector<std::string> keys() const;
  /// Throws on a key that is none of these: a typing mistake must not be silence.
  void expect_keys(const std::vector<std::string>& known) const;
  /// Throws InputError: "PATH:LINE: KEY MESSAGE".
  [[noreturn]] void fail(const char* key, const std::string& message) const;

 private:
  struct Node;
  TomlTable(std::shared_ptr<const Node> node, std::string path);
  std::shared_ptr<const Node> node_;
  std::string path_;
};

}  // namespace pupil::course
