#include "sft/jsonl.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "tensor/error.h"

namespace pupil {
namespace {

constexpr std::size_t kBuffer = 1 << 16;

bool is_space(int byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }

}  // namespace

JsonItems::JsonItems(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "rb")) {
  if (!file_) {
    throw InputError(
        fmt::format("{}: cannot open: {}; check the path", path, std::strerror(errno)));
  }
  std::setvbuf(file_.get(), nullptr, _IONBF, 0);  // buffer_ is the buffer
}

std::optional<std::uint64_t> JsonItems::size() const {
  struct stat status {};
  const bool is_file = ::fstat(::fileno(file_.get()), &status) == 0 && S_ISREG(status.st_mode);
  return is_file ? std::optional(std::uint64_t(status.st_size)) : std::nullopt;
}

void JsonItems::fail(std::string_view reason) const {
  throw InputError(fmt::format("{}:{}: {}", path_, line_, reason));
}

int JsonItems::peek() {
  if (at_ == buffer_.size()) {
    buffer_begin_ += buffer_.size();
    buffer_.resize(kBuffer);
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
  if (ended_) return false;
  if (layout_ == Layout::kUnknown) {
    for (const char mark : {'\xEF', '\xBB', '\xBF'}) {  // a byte order mark
      if (peek() == std::uint8_t(mark)) take();
    }
    skip_space();
    layout_ = peek() == '[' ? Layout::kArray : Layout::kLines;
    if (layout_ == Layout::kArray) take();
  }
  if (layout_ == Layout::kLines) return next_line(text, line);
  return next_element(text, line);
}

void JsonItems::seek(std::uint64_t offset) {
  if (::fseeko(file_.get(), off_t(offset), SEEK_SET) != 0) {
    throw InputError(fmt::format("{}: cannot be read a second time: {}; give a file, not a pipe",
                                 path_, std::strerror(errno)));
  }
  buffer_.clear();
  buffer_begin_ = offset;
  at_ = 0;
}

void JsonItems::rewind() {
  seek(0);
  line_ = 1;
  layout_ = Layout::kUnknown;
  after_element_ = ended_ = false;
}

std::string JsonItems::read_at(std::uint64_t offset) {
  std::string text;
  seek(offset);
  layout_ == Layout::kArray ? take_element(text) : take_line(text);
  if (text.empty()) {
    throw InputError(fmt::format(
        "{}: there is no record at byte {} any more; a file must not change while it is in use",
        path_, offset));
  }
  return text;
}

bool JsonItems::next_line(std::string& text, long& line) {
  skip_space();
  line = line_;
  item_ = position();
  take_line(text);
  return !text.empty();
}

void JsonItems::take_line(std::string& text) {
  for (int byte; (byte = peek()) != EOF && byte != '\n'; take()) append(text, byte);
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
    ended_ = true;
    return false;
  } else if (after_element_ && peek() != EOF) {
    fail("expected a comma or the end of the JSON array");
  }
  line = line_;
  item_ = position();
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
