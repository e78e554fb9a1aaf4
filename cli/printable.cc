#include "cli/printable.h"

#include <fmt/format.h>

namespace pupil::cli {

std::string printable(const std::string& text) {
  constexpr unsigned char kSpace = 0x20, kDelete = 0x7f;
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = (byte < kSpace && c != '\n') || byte == kDelete;
    result += control ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return result;
}

}  // namespace pupil::cli
