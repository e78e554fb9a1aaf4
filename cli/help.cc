#include "cli/help.h"

#include <fmt/format.h>

#include <sstream>

namespace pupil::cli {
namespace {

constexpr std::size_t kColumn = 28, kWidth = 100;

// `left`, then `right` from kColumn on, broken between words.
std::string two_columns(const std::string& left, const std::string& right) {
  std::string text = fmt::format("  {}", left);
  text += text.size() + 2 > kColumn ? "\n" + std::string(kColumn, ' ')
                                    : std::string(kColumn - text.size(), ' ');
  std::size_t at = kColumn;
  std::istringstream words(right);
  for (std::string word; words >> word;) {
    if (at > kColumn && at + 1 + word.size() > kWidth) {
      text += "\n" + std::string(kColumn, ' ');
      at = kColumn;
    }
    const std::string gap = at > kColumn ? " " : "";
    text += gap + word;
    at += gap.size() + word.size();
  }
  return text + "\n";
}

std::string line_of(const DeclaredOption& option) {
  std::string left = option.name;
  if (!option.is_flag() && !option.is_positional()) left += " " + option.value;
  std::string right = option.help;
  if (option.required) {
    right += " (required)";
  } else if (!option.default_text.empty()) {
    right += fmt::format(" [{}]", option.default_text);
  }
  return two_columns(left, right);
}

}  // namespace

std::string overview(const std::vector<Command>& commands) {
  std::string text =
      "Pupil teaches instruction tuning by letting people read, run and rebuild all of it.\n\n"
      "Usage: pupil COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Command& command : commands) text += two_columns(command.name, command.purpose);
  return text + "\nThe launcher ./pupil has two more:\n" +
         two_columns("build", "Build, and nothing else; `./pupil build --help` for its options.") +
         two_columns("test", "Build and run the tests; `./pupil test --help` for its options.") +
         "\nOptions:\n" + two_columns("--help", "this text; `pupil COMMAND --help` for a command") +
         two_columns("--version", "version, build, CPU features, BLAS core type, devices") +
         "\nStart with:\n  ./pupil demo\n";
}

std::string command_help(const Command& command, const OptionParser& options,
                         std::size_t n_common) {
  std::string text = fmt::format("{}\n\nUsage: pupil {}", command.purpose, command.name);
  const auto& declared = options.declared();
  for (const DeclaredOption& o : declared) {
    if (o.is_positional()) text += o.many ? fmt::format(" [{}...]", o.name) : " " + o.name;
  }
  for (const DeclaredOption& o : declared) {
    if (o.required && !o.is_positional()) text += fmt::format(" {} {}", o.name, o.value);
  }
  text += " [OPTIONS]\n\nOptions (defaults in brackets):\n";
  for (std::size_t i = 0; i + n_common < declared.size(); ++i) text += line_of(declared[i]);
  text += "\nOptions of every command:\n";
  for (std::size_t i = declared.size() - n_common; i < declared.size(); ++i) {
    text += line_of(declared[i]);
  }
  text += two_columns("--help", "this text");
  return fmt::format("{}\nExample:\n  {}\n", text, command.example);
}

}  // namespace pupil::cli
