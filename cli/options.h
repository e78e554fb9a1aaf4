// Options of one command, as the command declares them. Values are strict: a number is finite and
// has nothing behind it, a word is one of the choices, and what is refused is named with the
// option, the value and what was expected (UsageError).
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace pupil::cli {

class Options {
 public:
  virtual ~Options() = default;
  /// `name` as typed, "--steps" or a positional "PATH". `help` names the unit; the default is what
  /// `value` holds now; `shown` stands for the value in the help; a FILE or DIR must not be empty.
  virtual Options& text(const char* name, std::string& value, const char* help,
                        const char* shown = "TEXT") = 0;
  virtual Options& integer(const char* name, std::int64_t& value, const char* help) = 0;
  virtual Options& number(const char* name, double& value, const char* help) = 0;
  virtual Options& flag(const char* name, bool& value, const char* help) = 0;
  /// "on" or "off".
  virtual Options& on_off(const char* name, bool& value, const char* help) = 0;
  virtual Options& choice(const char* name, std::string& value,
                          const std::vector<std::string>& choices, const char* help) = 0;
  /// Separated by commas.
  virtual Options& list(const char* name, std::vector<std::string>& values, const char* help) = 0;
  virtual Options& integers(const char* name, std::vector<std::int64_t>& values,
                            const char* help) = 0;
  /// Any number of words without a dash.
  virtual Options& words(const char* name, std::vector<std::string>& values, const char* help) = 0;

  // About the option named last:
  /// It must be given.
  virtual Options& required() = 0;
  /// Its number must not be smaller, or larger, or must be smaller.
  virtual Options& at_least(double least) = 0;
  virtual Options& at_most(double most) = 0;
  virtual Options& below(double bound) = 0;
  /// `check` looks at the text as typed and throws UsageError, without the option's name.
  virtual Options& check(std::function<void(const std::string&)> check) = 0;

  /// True when the user gave the option.
  virtual bool given(const char* name) const = 0;
};

/// Options that every command has.
struct Common {
  std::string device = "auto", dtype = "f32";
  std::int64_t threads = 0;  ///< 0: as many as cores
  std::int64_t seed = 0;
  bool json = false, quiet = false, plain = false;
};

/// One command of the program.
struct Command {
  const char* name;
  const char* purpose;  ///< one sentence
  const char* example;  ///< works as typed, in the project's root
  /// Declares the options and returns what runs the command: an exit status.
  std::function<std::function<int()>(Options&, const Common&)> setup;
};

/// Parses argv and runs the chosen command. Turns every exception into one message on stderr and
/// the exit status of cli.md: 1 does not hold, 2 usage, 3 input or device, 4 internal, 130
/// interrupted.
int run(int argc, char** argv, const std::vector<Command>& commands);

/// Thrown by a command that was interrupted and has saved what it had to: exit status 130.
struct Interrupted {};

}  // namespace pupil::cli
