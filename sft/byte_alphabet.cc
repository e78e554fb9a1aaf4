#include "sft/byte_alphabet.h"

#include <algorithm>
#include <array>

#include "sft/utf8.h"

namespace pupil {
namespace {

constexpr bool is_printable(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::array<char32_t, 256> kSymbols = [] {
  std::array<char32_t, 256> symbols{};
  char32_t next = 0x100;
  for (int b = 0; b < 256; ++b) symbols[std::size_t(b)] = is_printable(b) ? char32_t(b) : next++;
  return symbols;
}();

}  // namespace

std::string byte_symbol(std::uint8_t byte) {
  std::string text;
  append_utf8(text, kSymbols[byte]);
  return text;
}

std::optional<std::uint8_t> symbol_byte(char32_t symbol) {
  const auto found = std::find(kSymbols.begin(), kSymbols.end(), symbol);
  if (found == kSymbols.end()) return std::nullopt;
  return std::uint8_t(found - kSymbols.begin());
}

}  // namespace pupil
