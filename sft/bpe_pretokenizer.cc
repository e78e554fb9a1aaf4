// The pattern by hand, over the Unicode properties that PCRE2 knows; the tests prove it equal to
// the PCRE2 matcher.
#include "sft/bpe_pretokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "sft/utf8.h"

namespace pupil {
namespace {

enum class Kind : std::uint8_t { kOther, kLetter, kNumber, kSpace };

constexpr char32_t kCodePoints = 0x110000;

constexpr std::array<Kind, 128> kAscii = [] {
  std::array<Kind, 128> kinds{};
  for (char32_t c = 0; c < 128; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    kinds[c] = letter                            ? Kind::kLetter
               : c >= '0' && c <= '9'            ? Kind::kNumber
               : c == ' ' || (c >= 9 && c <= 13) ? Kind::kSpace
                                                 : Kind::kOther;
  }
  return kinds;
}();

/// Marks the characters of each match of `pattern` in the text of all characters.
void mark_matches(std::vector<Kind>& kinds, Kind kind, const char* pattern,
                  const std::string& all) {
  int error = 0;
  PCRE2_SIZE error_at = 0;
  const std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code(
      pcre2_compile(PCRE2_SPTR(pattern), PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP, &error,
                    &error_at, nullptr),
      pcre2_code_free);
  if (!code) throw std::runtime_error("PCRE2 was built without Unicode properties");
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(
      pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
  for (PCRE2_SIZE at = 0; pcre2_match(code.get(), PCRE2_SPTR(all.data()), all.size(), at,
                                      PCRE2_NO_UTF_CHECK, match.get(), nullptr) > 0;
       at = range[1]) {
    for (PCRE2_SIZE p = range[0]; p < range[1];) {
      const Utf8Step step = utf8_step(std::string_view(all).substr(p));
      kinds[step.code_point] = kind;
      p += step.length;
    }
  }
}

/// The kind of every code point, from the library's tables.
std::vector<Kind> all_kinds() {
  std::vector<Kind> kinds(kCodePoints, Kind::kOther);
  std::string all;
  for (char32_t c = 0; c < kCodePoints; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;  // surrogates are no characters
    append_utf8(all, c);
    if (is_white_space(c)) kinds[c] = Kind::kSpace;
  }
  mark_matches(kinds, Kind::kLetter, "\\p{L}+", all);
  mark_matches(kinds, Kind::kNumber, "\\p{N}+", all);
  return kinds;
}

struct Character {
  Kind kind;
  std::size_t length;
};

Character wide_character(std::string_view text, std::size_t at) {
  static const std::vector<Kind> kKinds = all_kinds();
  const Utf8Step step = utf8_step(text.substr(at));
  if (step.state != Utf8State::kWhole) return {Kind::kOther, 1};
  return {kKinds[step.code_point], step.length};
}

inline Character character(std::string_view text, std::size_t at) {
  const auto byte = std::uint8_t(text[at]);
  if (byte < 0x80) [[likely]]
    return {kAscii[byte], 1};
  return wide_character(text, at);
}

/// End of the characters of that kind from `at` on.
inline std::size_t run_end(std::string_view text, std::size_t at, Kind kind) {
  while (at < text.size()) {
    const Character c = character(text, at);
    if (c.kind != kind) break;
    at += c.length;
  }
  return at;
}

/// Bytes of the English ending behind the apostrophe at `at`; 0 for none.
std::size_t ending_length(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at + 1, 2);
  if (rest.empty()) return 0;
  if (rest[0] == 's' || rest[0] == 't' || rest[0] == 'm' || rest[0] == 'd') return 1;
  return rest == "re" || rest == "ve" || rest == "ll" ? 2 : 0;
}

std::size_t white_space_end(std::string_view text, std::size_t begin) {
  std::size_t last = begin, end = begin;  // the last white-space character is [last, end)
  while (end < text.size()) {
    const Character c = character(text, end);
    if (c.kind != Kind::kSpace) return last == begin ? end : last;
    last = end;
    end += c.length;
  }
  return end;
}

}  // namespace

std::size_t piece_end(std::string_view text, std::size_t begin) {
  if (text[begin] == '\'') {
    if (const std::size_t length = ending_length(text, begin)) return begin + 1 + length;
  }
  std::size_t at = begin;
  if (text[at] == ' ' && at + 1 < text.size()) ++at;
  const Character first = character(text, at);
  if (first.kind == Kind::kSpace) return white_space_end(text, begin);
  return run_end(text, at + first.length, first.kind);
}

}  // namespace pupil
