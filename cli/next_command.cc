#include "cli/next_command.h"

#include <fmt/format.h>

#include <cstdint>

#include "cli/printable.h"
#include "cli/progress.h"

namespace pupil::cli {

void suggest(const Common& common, const std::string& arguments) {
  log_line(common, printable(fmt::format("Next: ./pupil {}", arguments)));
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kHarmless =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=+@%";
  if (!text.empty() && text.find_first_not_of(kHarmless) == text.npos) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string opening(std::string_view text, std::size_t longest) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return "";
  text.remove_prefix(begin);
  text = text.substr(0, text.find_first_of("\r\n"));
  if (text.size() <= longest) return std::string(text);
  const std::size_t space = text.substr(0, longest + 1).rfind(' ');
  std::size_t end = space == text.npos ? longest : space;
  const auto continues = [&](std::size_t at) { return (std::uint8_t(text[at]) & 0xC0) == 0x80; };
  while (end > 0 && continues(end)) --end;
  return std::string(text.substr(0, end));
}

}  // namespace pupil::cli
