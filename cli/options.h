// Options of one command: a thin face over the argument library, so that its heavy header is
// compiled once. Every option has help; defaults are those of the bound variables.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace pupil::cli {

class Options {
 public:
  virtual ~Options() = default;
  /// `name` as typed, "--steps" or a positional "PATH". `help` names the unit.
  virtual Options& text(const char* name, std::string& value, const char* help) = 0;
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
  /// The option named last must be given.
  virtual Options& required() = 0;
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
  const char* example;  ///< works as typed
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
