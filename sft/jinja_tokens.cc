#include "sft/jinja_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tensor/error.h"

namespace pupil {
namespace {

constexpr std::string_view kSpace = " \t\n\r\v\f";
constexpr std::array<std::string_view, 6> kLongSymbols = {"==", "!=", "<=", ">=", "//", "**"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

class Scanner {
 public:
  explicit Scanner(std::string_view source) : source_(source) {}

  std::vector<JinjaToken> scan() {
    while (at_ < source_.size()) {
      text();
      if (at_ < source_.size()) tag();
    }
    add(JinjaKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw InputError(fmt::format("line {}: {}", line_, what));
  }
  bool starts(std::string_view text) const { return source_.substr(at_).starts_with(text); }
  char here() const { return at_ < source_.size() ? source_[at_] : '\0'; }
  void step(std::size_t count) {
    const std::string_view passed = source_.substr(at_, count);
    line_ += int(std::count(passed.begin(), passed.end(), '\n'));
    at_ += count;
  }
  void add(JinjaKind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  /// All up to the next tag.
  void text() {
    std::size_t end = at_;
    while (end < source_.size() && !is_tag(end)) ++end;
    std::string_view text = source_.substr(at_, end - at_);
    if (end < source_.size()) {
      const char sign = end + 2 < source_.size() ? source_[end + 2] : '\0';
      if (sign == '-') {
        text = text.substr(0, text.find_last_not_of(kSpace) + 1);  // npos + 1 is 0
      } else if (sign != '+' && source_[end + 1] != '{') {
        const std::size_t last = text.find_last_not_of(" \t");
        const bool whole_line = last == text.npos ? line_begins_ : text[last] == '\n';
        if (whole_line) text = text.substr(0, last + 1);
      }
    }
    if (!text.empty()) add(JinjaKind::kText, std::string(text));
    step(end - at_);
  }

  bool is_tag(std::size_t at) const {
    if (source_[at] != '{' || at + 1 == source_.size()) return false;
    return source_[at + 1] == '{' || source_[at + 1] == '%' || source_[at + 1] == '#';
  }

  void tag() {
    const char kind = source_[at_ + 1];
    step(2);
    const bool signed_tag = here() == '-' || here() == '+';
    if (kind == '#') {
      const std::size_t end = source_.find("#}", at_);
      if (end == source_.npos) fail("a comment {# does not end");
      const char sign = source_[end - 1];
      step(end + 2 - at_);
      return after_tag(kind, sign);
    }
    if (signed_tag) step(1);
    add(kind == '{' ? JinjaKind::kPrint : JinjaKind::kStatement, "");
    const std::string_view close = kind == '{' ? "}}" : "%}";
    char sign = '\0';
    for (int braces = 0;;) {
      while (at_ < source_.size() && kSpace.find(here()) != kSpace.npos) step(1);
      if (at_ >= source_.size()) fail("a tag does not end");
      const bool with_sign =
          (here() == '-' || here() == '+') && source_.substr(at_ + 1).starts_with(close);
      if (braces == 0 && (with_sign || starts(close))) {
        sign = with_sign ? here() : '\0';
        step(with_sign ? 3 : 2);
        break;
      }
      braces += here() == '{' ? 1 : here() == '}' ? -1 : 0;
      expression_token();
    }
    add(kind == '{' ? JinjaKind::kPrintEnd : JinjaKind::kStatementEnd, "");
    after_tag(kind, sign);
  }

  void after_tag(char kind, char sign) {
    line_begins_ = false;
    if (sign == '-') {
      while (at_ < source_.size() && kSpace.find(here()) != kSpace.npos) {
        line_begins_ = here() == '\n';
        step(1);
      }
    } else if (kind != '{' && sign != '+' && here() == '\n') {
      step(1);
      line_begins_ = true;
    }
  }

  void expression_token() {
    const std::size_t begin = at_;
    if (here() == '"' || here() == '\'') return quoted();
    if (is_name(here())) {
      const bool number = is_digit(here());
      std::size_t end = begin;
      while (end < source_.size() && is_name(source_[end])) ++end;
      if (number &&
          !std::all_of(source_.begin() + long(begin), source_.begin() + long(end), is_digit)) {
        fail(fmt::format("{} is no whole number", source_.substr(begin, end - begin)));
      }
      step(end - begin);
      return add(number ? JinjaKind::kNumber : JinjaKind::kName,
                 std::string(source_.substr(begin, end - begin)));
    }
    for (const std::string_view symbol : kLongSymbols) {
      if (!starts(symbol)) continue;
      step(2);
      return add(JinjaKind::kSymbol, std::string(symbol));
    }
    if (std::string_view("+-*/%~|.,:()[]{}=<>").find(here()) == std::string_view::npos) {
      fail(fmt::format("byte 0x{:02x} begins nothing that is understood", std::uint8_t(here())));
    }
    step(1);
    add(JinjaKind::kSymbol, std::string(1, source_[begin]));
  }

  void quoted() {
    const char quote = here();
    std::string text;
    for (step(1); here() != quote; step(1)) {
      if (at_ >= source_.size()) fail("a string does not end");
      if (here() != '\\') {
        text += here();
        continue;
      }
      step(1);
      constexpr std::string_view kFrom = "nrt\\'\"", kTo = "\n\r\t\\'\"";
      const std::size_t which = at_ < source_.size() ? kFrom.find(here()) : kFrom.npos;
      if (which == kFrom.npos) fail("a string has an escape other than \\n \\r \\t \\\\ \\' \\\"");
      text += kTo[which];
    }
    step(1);
    add(JinjaKind::kString, std::move(text));
  }

  std::string_view source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_begins_ = true;  // nothing but spaces may lie between here and the start of a line
  std::vector<JinjaToken> tokens_;
};

}  // namespace

std::vector<JinjaToken> jinja_tokens(std::string_view source) {
  std::string lines;  // that end in \n, whatever they ended in
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    lines += source[i] == '\r' ? '\n' : source[i];
  }
  if (lines.ends_with('\n')) lines.pop_back();
  return Scanner(lines).scan();
}

}  // namespace pupil
