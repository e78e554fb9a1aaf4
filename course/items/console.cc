#include "course/items/console.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "cli/printable.h"
#include "course/book/plain_math.h"
#include "course/verdict.h"

namespace pupil::course {

void Console::say(const std::string& line) {
  const std::string text = cli::printable(for_terminal(plain_formulas(line)));
  // Behind "  a) " the text goes on under itself.
  std::size_t indent = std::min(text.find_first_not_of(' '), text.size());
  if (indent > 0 && text.size() > indent + 2 &&
      (text[indent + 1] == ')' || text[indent + 1] == ' '))
    indent += 3;
  out_ << wrap(text, width_, int(indent)) << "\n";
}

std::optional<std::string> Console::ask(const std::string& prompt) {
  out_ << prompt << std::flush;
  std::string line;
  if (!std::getline(in_, line)) {
    out_ << "\n" << std::flush;
    return std::nullopt;
  }
  if (echo_) out_ << cli::printable(line) << "\n";
  const std::size_t begin = line.find_first_not_of(" \t\r"), end = line.find_last_not_of(" \t\r");
  return begin == line.npos ? "" : line.substr(begin, end - begin + 1);
}

Console standard_console() {
  return {std::cin, std::cout, terminal_width(), ::isatty(STDIN_FILENO) == 0};
}

}  // namespace pupil::course
