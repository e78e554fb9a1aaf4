// Lines in and out for the forms that talk: wrapped to the terminal, safe for any locale.
#pragma once
#include <iosfwd>
#include <optional>
#include <string>

namespace pupil::course {

class Console {
 public:
  /// `echo`: what is read appears in the output, too (input that nobody sees being typed).
  Console(std::istream& in, std::ostream& out, int width, bool echo)
      : in_(in), out_(out), width_(width), echo_(echo) {}

  /// A line, wrapped with its later lines indented like its first; formulas as one types them.
  void say(const std::string& line);
  /// One line typed behind `prompt`, without blanks around it; nothing at the end of the input.
  std::optional<std::string> ask(const std::string& prompt);

 private:
  std::istream& in_;
  std::ostream& out_;
  int width_;
  bool echo_;
};

/// Standard input and output.
Console standard_console();

}  // namespace pupil::course
