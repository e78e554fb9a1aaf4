#include "sft/jsonl.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "tensor/error.h"

namespace pupil {
namespace {

bool is_space(int byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }

}  // namespace

JsonItems::JsonItems(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "rb")) {
  if (!file_) {
    throw InputError(
        fmt::format("{}: cannot open: {}; check the path", path, std::strerror(errno)));
  }
}

void JsonItems::fail(std::string_view reason) const {
  throw InputError(fmt::format("{}:{}: {}", path_, line_, reason));
}

int JsonItems::peek() {
  if (at_ == buffer_.size()) {
    buffer_.resize(1 << 16);
    at_ = 0;
    errno = 0;
    buffer_.resize(std::fread(buffer_.data(), 1, buffer_.size(), file_.get()));
    if (buffer_.empty()) {
      if (std::ferror(file_.get())) {
        throw InputError(fmt::format("{}: cannot read: {}", path_, std::strerror(errno)));
      }
      return EOF;
    }
  }
  return std::uint8_t(buffer_[at_]);
}

int JsonItems::take() {
  const int byte = peek();
  if (byte != EOF) ++at_;
  if (byte == '\n') ++line_;
  return byte;
}

void JsonItems::skip_space() {
  while (is_space(peek())) take();
}

void JsonItems::append(std::string& text, int byte) const {
  if (text.size() == kMaxItemBytes) {
    fail(fmt::format("a record is longer than {} MiB; expected one record a line, or a JSON array",
                     kMaxItemBytes >> 20));
  }
  text += char(byte);
}

bool JsonItems::next(std::string& text, long& line) {
  text.clear();
  if (layout_ == Layout::kUnknown) {
    for (const char mark : {'\xEF', '\xBB', '\xBF'}) {  // a byte order mark
      if (peek() == std::uint8_t(mark)) take();
    }
    skip_space();
    layout_ = peek() == '[' ? Layout::kArray : Layout::kLines;
    if (layout_ == Layout::kArray) take();
  }
  if (layout_ == Layout::kLines) return next_line(text, line);
  return layout_ == Layout::kArray && next_element(text, line);
}

bool JsonItems::next_line(std::string& text, long& line) {
  skip_space();
  line = line_;
  for (int byte; (byte = peek()) != EOF && byte != '\n'; take()) append(text, byte);
  return !text.empty();
}

bool JsonItems::next_element(std::string& text, long& line) {
  skip_space();
  if (after_element_ && peek() == ',') {
    take();
    skip_space();
  } else if (peek() == ']') {
    take();
    skip_space();
    if (peek() != EOF) fail("something follows the end of the JSON array");
    layout_ = Layout::kEnded;
    return false;
  } else if (after_element_ && peek() != EOF) {
    fail("expected a comma or the end of the JSON array");
  }
  line = line_;
  take_element(text);
  if (peek() == EOF) fail("the file ends inside a JSON array that began with \"[\"");
  if (text.empty()) fail("expected a record between two commas of the JSON array");
  after_element_ = true;
  return true;
}

/// Up to the comma or bracket that ends it, which are found by counting brackets outside of
/// strings.
void JsonItems::take_element(std::string& text) {
  long depth = 0;
  bool in_string = false, escaped = false;
  for (int byte; (byte = peek()) != EOF; take()) {
    if (in_string) {
      in_string = escaped || byte != '"';
      escaped = !escaped && byte == '\\';
    } else if (byte == '"') {
      in_string = true;
    } else if (byte == '{' || byte == '[') {
      ++depth;
    } else if (depth == 0 && (byte == ',' || byte == ']')) {
      return;
    } else if (byte == '}' || byte == ']') {
      --depth;
    }
    append(text, byte);
  }
}

}  // namespace pupil
