// The options of a command while it is started: declared, then filled from the command line.
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"

namespace pupil::cli {

struct DeclaredOption {
  std::string name;          ///< "--steps", or "PATH" for a positional
  std::string value;         ///< what stands behind it in the help: "N"; empty for a flag
  std::string default_text;  ///< empty: none
  std::string help;
  bool required = false, many = false;
  std::optional<double> least, most, below;
  /// Takes one value as typed; throws UsageError.
  std::function<void(const std::string&)> take;
  std::vector<std::function<void(const std::string&)>> checks;

  bool is_flag() const { return value.empty(); }
  bool is_positional() const { return name[0] != '-'; }
  /// Throws UsageError when `x`, typed as `typed`, is outside the option's range.
  void expect_in_range(double x, const std::string& typed) const;
};

class OptionParser : public Options {
 public:
  Options& text(const char* name, std::string& value, const char* help, const char* shown) override;
  Options& integer(const char* name, std::int64_t& value, const char* help) override;
  Options& number(const char* name, double& value, const char* help) override;
  Options& flag(const char* name, bool& value, const char* help) override;
  Options& on_off(const char* name, bool& value, const char* help) override;
  Options& choice(const char* name, std::string& value, const std::vector<std::string>& choices,
                  const char* help) override;
  Options& list(const char* name, std::vector<std::string>& values, const char* help) override;
  Options& integers(const char* name, std::vector<std::int64_t>& values, const char* help) override;
  Options& words(const char* name, std::vector<std::string>& values, const char* help) override;
  Options& required() override;
  Options& at_least(double least) override;
  Options& at_most(double most) override;
  Options& below(double bound) override;
  Options& check(std::function<void(const std::string&)> check) override;
  bool given(const char* name) const override;

  /// Fills the variables from the arguments behind the command's name. Throws UsageError.
  void parse(const std::vector<std::string>& arguments);
  const std::deque<DeclaredOption>& declared() const { return declared_; }

 private:
  Options& declare(DeclaredOption option);
  void take(DeclaredOption& option, const std::string& typed);
  [[noreturn]] void refuse_extra(const std::string& argument) const;

  std::deque<DeclaredOption> declared_;
  std::vector<std::string> given_;
};

}  // namespace pupil::cli
