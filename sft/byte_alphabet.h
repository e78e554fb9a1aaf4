// GPT-2's byte characters (Radford et al. 2019): byte-level tokenizers are stored as JSON, which
// holds no raw bytes, so every byte goes by a printable character. Printable Latin-1 bytes stand
// for themselves, the other 68 for U+0100, U+0101, ... in ascending order of the byte.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace pupil {

/// The character of a byte, as UTF-8.
std::string byte_symbol(std::uint8_t byte);
/// The byte of a character; nothing for a character outside the alphabet.
std::optional<std::uint8_t> symbol_byte(char32_t symbol);

}  // namespace pupil
