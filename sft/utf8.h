// UTF-8 as the Unicode standard defines it (table 3-7): no overlong forms, no surrogates, nothing
// above U+10FFFF.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace pupil {

enum class Utf8State { kWhole, kUnfinished, kInvalid };

/// What stands at the start of a text that is not empty.
struct Utf8Step {
  Utf8State state;  ///< kUnfinished: the text ends inside a character that may still be completed
  std::size_t length;       ///< bytes of the character, or of the longest wrong start of one
  char32_t code_point = 0;  ///< when kWhole
};
Utf8Step utf8_step(std::string_view text);

/// Appends the one to four bytes of a code point.
void append_utf8(std::string& text, char32_t code_point);
/// Position of the first byte that is no UTF-8; npos when all of it is.
std::size_t invalid_utf8_at(std::string_view text);
/// The text with U+FFFD for each wrong piece: what a JSON string or a terminal can hold.
std::string to_valid_utf8(std::string_view text);
/// Unicode's White_Space property.
bool is_white_space(char32_t code_point);
/// The text without what Python's str.strip takes away: white space and U+001C to U+001F.
std::string_view trimmed(std::string_view text);
std::string_view trimmed_start(std::string_view text);
std::string_view trimmed_end(std::string_view text);
/// A character for an error message: "é" (U+00E9); control characters by their code alone.
std::string describe_character(char32_t code_point);

}  // namespace pupil
