// The values of a data file, one at a time: the lines of JSON Lines, or the elements of one JSON
// array (told apart by the first character). Memory holds one value, whatever the file's size.
#pragma once
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace pupil {

inline constexpr std::size_t kMaxItemBytes = std::size_t(64) << 20;

class JsonItems {
 public:
  /// Throws InputError when the file cannot be opened.
  explicit JsonItems(const std::string& path);

  /// The next value as text, not yet parsed, and the line (from 1) on which it starts; false at the
  /// end. Empty lines are passed over. Throws InputError with path and line: the array's own syntax
  /// is broken, a value is longer than kMaxItemBytes, or reading fails.
  bool next(std::string& text, long& line);
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  enum class Layout { kUnknown, kLines, kArray, kEnded };

  [[noreturn]] void fail(std::string_view reason) const;
  int peek();  // the next byte, or EOF
  int take();  // the same, and moves on
  void skip_space();
  void append(std::string& text, int byte) const;
  bool next_line(std::string& text, long& line);
  bool next_element(std::string& text, long& line);
  void take_element(std::string& text);

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::string buffer_;
  std::size_t at_ = 0;
  long line_ = 1;
  Layout layout_ = Layout::kUnknown;
  bool after_element_ = false;  // in an array: a comma or the end must follow
};

}  // namespace pupil
