#include "sft/utf8.h"

#include <fmt/format.h>

namespace pupil {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// The second byte's range decides between whole, overlong, surrogate and too large.
struct Lead {
  std::size_t length;
  std::uint8_t low, high;  // of the second byte
};

Lead lead_of(std::uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2 || byte > 0xF4) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte < 0xF0) {
    return {3, std::uint8_t(byte == 0xE0 ? 0xA0 : 0x80), std::uint8_t(byte == 0xED ? 0x9F : 0xBF)};
  }
  return {4, std::uint8_t(byte == 0xF0 ? 0x90 : 0x80), std::uint8_t(byte == 0xF4 ? 0x8F : 0xBF)};
}

bool is_stripped(char32_t c) { return is_white_space(c) || (c >= 0x1C && c <= 0x1F); }

}  // namespace

Utf8Step utf8_step(std::string_view text) {
  const auto first = std::uint8_t(text[0]);
  const Lead lead = lead_of(first);
  if (lead.length == 0) return {Utf8State::kInvalid, 1};
  if (lead.length == 1) return {Utf8State::kWhole, 1, char32_t(first)};
  char32_t code_point = first & (0xFFu >> (lead.length + 1));
  for (std::size_t i = 1; i < lead.length; ++i) {
    if (i == text.size()) return {Utf8State::kUnfinished, i};
    const auto byte = std::uint8_t(text[i]);
    const bool fits = i == 1 ? byte >= lead.low && byte <= lead.high : (byte & 0xC0) == 0x80;
    if (!fits) return {Utf8State::kInvalid, i};
    code_point = (code_point << 6) | (byte & 0x3F);
  }
  return {Utf8State::kWhole, lead.length, code_point};
}

void append_utf8(std::string& text, char32_t c) {
  const auto tail = [&](int shift) { text += char(0x80 | ((c >> shift) & 0x3F)); };
  if (c < 0x80) {
    text += char(c);
  } else if (c < 0x800) {
    text += char(0xC0 | (c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    text += char(0xE0 | (c >> 12));
    tail(6);
    tail(0);
  } else {
    text += char(0xF0 | (c >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::size_t invalid_utf8_at(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text.substr(at));
    if (step.state != Utf8State::kWhole) return at;
    at += step.length;
  }
  return std::string_view::npos;
}

std::string to_valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    valid += step.state == Utf8State::kWhole ? text.substr(0, step.length) : kReplacement;
    text.remove_prefix(step.length);
  }
  return valid;
}

bool is_white_space(char32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

std::string_view trimmed(std::string_view text) { return trimmed_end(trimmed_start(text)); }

std::string_view trimmed_start(std::string_view text) {
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    if (step.state != Utf8State::kWhole || !is_stripped(step.code_point)) break;
    text.remove_prefix(step.length);
  }
  return text;
}

std::string_view trimmed_end(std::string_view text) {
  while (!text.empty()) {
    std::size_t begin =
        text.size() - 1;  // of the last character: the first byte that continues none
    while (begin > 0 && (std::uint8_t(text[begin]) & 0xC0) == 0x80) --begin;
    const Utf8Step step = utf8_step(text.substr(begin));
    if (step.state != Utf8State::kWhole || begin + step.length != text.size() ||
        !is_stripped(step.code_point)) {
      break;
    }
    text = text.substr(0, begin);
  }
  return text;
}

std::string describe_character(char32_t c) {
  const std::string code = fmt::format("U+{:04X}", std::uint32_t(c));
  if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return code;
  std::string text;
  append_utf8(text, c);
  return fmt::format("\"{}\" ({})", text, code);
}

}  // namespace pupil
