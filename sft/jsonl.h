// The values of a data file, one at a time: the lines of JSON Lines, or the elements of one JSON
// array (told apart by the first character). Memory holds one value and a buffer, whatever the
// file's size; what was read once can be read again by its place.
#pragma once
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
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
  /// Where the value that next() gave last begins, in bytes from 0.
  std::uint64_t offset() const { return item_; }
  /// The value that begins at `offset`, which next() gave once. Throws InputError when the file
  /// cannot be read again (a pipe), or no longer has it there.
  std::string read_at(std::uint64_t offset);
  /// From the first value again. Throws InputError for a pipe.
  void rewind();

  const std::string& path() const { return path_; }
  /// Bytes that have been read; and that the file has (nothing for a pipe).
  std::uint64_t position() const { return buffer_begin_ + at_; }
  std::optional<std::uint64_t> size() const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  enum class Layout { kUnknown, kLines, kArray };

  [[noreturn]] void fail(std::string_view reason) const;
  void seek(std::uint64_t offset);
  int peek();  // the next byte, or EOF
  int take();  // the same, and moves on
  void skip_space();
  void take_line(std::string& text);
  void append(std::string& text, int byte) const;
  bool next_line(std::string& text, long& line);
  bool next_element(std::string& text, long& line);
  void take_element(std::string& text);

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::string buffer_;
  std::uint64_t buffer_begin_ = 0;  // place of its first byte in the file
  std::size_t at_ = 0;
  std::uint64_t item_ = 0;
  long line_ = 1;
  Layout layout_ = Layout::kUnknown;
  bool after_element_ = false;  // in an array: a comma or the end must follow
  bool ended_ = false;
};

}  // namespace pupil
