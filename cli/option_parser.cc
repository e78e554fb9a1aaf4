#include "cli/option_parser.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "cli/nearest.h"
#include "cli/number_list.h"
#include "cli/synonyms.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& typed,
                         const std::string& expected) {
  throw UsageError(fmt::format("{} is \"{}\"; expected {}", name, typed, expected));
}

std::int64_t whole_number(const std::string& name, const std::string& typed) {
  std::int64_t value = 0;
  const char* end = typed.data() + typed.size();
  const auto [at, error] = std::from_chars(typed.data(), end, value);
  if (error == std::errc::result_out_of_range) refuse(name, typed, "a number below 2^63");
  if (error != std::errc() || at != end) refuse(name, typed, "a whole number");
  return value;
}

double finite_number(const std::string& name, const std::string& typed) {
  char* end = nullptr;
  const double value = std::strtod(typed.c_str(), &end);
  if (typed.empty() || *end != 0 || typed[0] == ' ') refuse(name, typed, "a number");
  if (!std::isfinite(value)) refuse(name, typed, "a finite number");
  return value;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(',', begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == text.npos) return parts;
    begin = end + 1;
  }
}

}  // namespace

void DeclaredOption::expect_in_range(double x, const std::string& typed) const {
  if (least && x < *least) refuse(name, typed, fmt::format("at least {}", *least));
  if (most && x > *most) refuse(name, typed, fmt::format("at most {}", *most));
  if (below && x >= *below) refuse(name, typed, fmt::format("a number below {}", *below));
}

Options& OptionParser::declare(DeclaredOption option) {
  declared_.push_back(std::move(option));
  return *this;
}

Options& OptionParser::text(const char* name, std::string& value, const char* help,
                            const char* shown) {
  const bool is_path = shown == std::string_view("FILE") || shown == std::string_view("DIR");
  const auto take = [name, is_path, &value](const std::string& typed) {
    if (is_path && typed.empty()) refuse(name, typed, "a path (leave the option out for none)");
    value = typed;
  };
  return declare({.name = name, .value = shown, .default_text = value, .help = help, .take = take});
}

Options& OptionParser::integer(const char* name, std::int64_t& value, const char* help) {
  declare({.name = name, .value = "N", .default_text = fmt::format("{}", value), .help = help});
  DeclaredOption& option = declared_.back();
  option.take = [&option, &value](const std::string& typed) {
    value = whole_number(option.name, typed);
    option.expect_in_range(double(value), typed);
  };
  return *this;
}

Options& OptionParser::number(const char* name, double& value, const char* help) {
  declare({.name = name, .value = "X", .default_text = fmt::format("{}", value), .help = help});
  DeclaredOption& option = declared_.back();
  option.take = [&option, &value](const std::string& typed) {
    value = finite_number(option.name, typed);
    option.expect_in_range(value, typed);
  };
  return *this;
}

Options& OptionParser::flag(const char* name, bool& value, const char* help) {
  return declare(
      {.name = name, .help = help, .take = [&value](const std::string&) { value = true; }});
}

Options& OptionParser::on_off(const char* name, bool& value, const char* help) {
  const auto take = [name, &value](const std::string& typed) {
    if (typed != "on" && typed != "off") refuse(name, typed, "on or off");
    value = typed == "on";
  };
  return declare({.name = name,
                  .value = "on|off",
                  .default_text = value ? "on" : "off",
                  .help = help,
                  .take = take});
}

Options& OptionParser::choice(const char* name, std::string& value,
                              const std::vector<std::string>& choices, const char* help) {
  const auto take = [name, choices, &value](const std::string& typed) {
    if (std::count(choices.begin(), choices.end(), typed) == 0) {
      refuse(name, typed, fmt::format("{}", fmt::join(choices, ", ")));
    }
    value = typed;
  };
  return declare({.name = name,
                  .value = fmt::format("{}", fmt::join(choices, "|")),
                  .default_text = value,
                  .help = help,
                  .take = take});
}

Options& OptionParser::list(const char* name, std::vector<std::string>& values, const char* help) {
  const auto take = [name, &values](const std::string& typed) {
    values = split(typed);
    if (std::count(values.begin(), values.end(), "") > 0) {
      refuse(name, typed, "values with a comma between two");
    }
  };
  return declare({.name = name,
                  .value = "A,B",
                  .default_text = fmt::format("{}", fmt::join(values, ",")),
                  .help = help,
                  .take = take});
}

Options& OptionParser::integers(const char* name, std::vector<std::int64_t>& values,
                                const char* help) {
  declare({.name = name, .value = "N,N", .help = help});
  DeclaredOption& option = declared_.back();
  option.take = [&option, &values](const std::string& typed) {
    values.clear();
    for (const std::string& part : split_numbers(typed)) {
      values.push_back(whole_number(option.name, part));
      option.expect_in_range(double(values.back()), part);
    }
  };
  return *this;
}

Options& OptionParser::words(const char* name, std::vector<std::string>& values, const char* help) {
  return declare({.name = name,
                  .value = "TEXT",
                  .help = help,
                  .many = true,
                  .take = [&values](const std::string& typed) { values.push_back(typed); }});
}

Options& OptionParser::required() {
  declared_.back().required = true;
  return *this;
}
Options& OptionParser::at_least(double least) {
  declared_.back().least = least;
  return *this;
}
Options& OptionParser::at_most(double most) {
  declared_.back().most = most;
  return *this;
}
Options& OptionParser::below(double bound) {
  declared_.back().below = bound;
  return *this;
}
Options& OptionParser::check(std::function<void(const std::string&)> check) {
  declared_.back().checks.push_back(std::move(check));
  return *this;
}

bool OptionParser::given(const char* name) const {
  return std::count(given_.begin(), given_.end(), name) > 0;
}

void OptionParser::take(DeclaredOption& option, const std::string& typed) {
  // "--model --data x": the value was forgotten.
  const bool is_option = std::any_of(declared_.begin(), declared_.end(),
                                     [&](const DeclaredOption& o) { return o.name == typed; });
  if (is_option && !option.is_flag()) {
    throw UsageError(fmt::format("{} needs a value, but {} follows", option.name, typed));
  }
  option.take(typed);
  for (const auto& check : option.checks) {
    try {
      check(typed);
    } catch (const UsageError& e) {
      throw UsageError(fmt::format("{}: {}", option.name, e.what()));
    }
  }
}

void OptionParser::refuse_extra(const std::string& argument) const {
  if (argument[0] != '-') throw UsageError(fmt::format("\"{}\" is one word too many", argument));
  std::vector<std::string> names{"--help"};
  for (const DeclaredOption& option : declared_) names.push_back(option.name);
  const std::string name = argument.substr(0, argument.find('='));
  const std::string ours = name_here(name);
  if (std::count(names.begin(), names.end(), ours) > 0) {
    throw UsageError(fmt::format("there is no option {}; here it is called {}", argument, ours));
  }
  throw UsageError(fmt::format("there is no option {}{}", argument, did_you_mean(name, names)));
}

void OptionParser::parse(const std::vector<std::string>& arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<CLI::Option*> bound;
  for (const DeclaredOption& option : declared_) {
    if (option.is_flag()) {
      bound.push_back(app.add_flag(option.name));
      continue;
    }
    bound.push_back(app.add_option(option.name));
    // Every value arrives here, so that one given twice can be told from one given once.
    bound.back()->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    if (option.many) bound.back()->expected(0, 1 << 20)->allow_extra_args();
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ArgumentMismatch& e) {
    const std::string message = e.what();
    throw UsageError(fmt::format("{} needs a value", message.substr(0, message.find(':'))));
  } catch (const CLI::ParseError& e) {
    throw UsageError(e.what());
  }
  for (const std::string& extra : app.remaining()) refuse_extra(extra);
  for (std::size_t i = 0; i < declared_.size(); ++i) {
    DeclaredOption& option = declared_[i];
    const auto& values = bound[i]->results();
    if (values.size() > 1 && !option.many && !option.is_flag()) {
      throw UsageError(fmt::format("{} is given twice: {}", option.name, fmt::join(values, ", ")));
    }
    if (!values.empty()) given_.push_back(option.name);
    for (const std::string& value : values) {
      // The parser hands on "true" for a bare flag, and --flag=VALUE as VALUE.
      if (option.is_flag() && value != "true") {
        throw UsageError(
            fmt::format("{} takes no value, but \"{}\" is given; leave it out to "
                        "switch it off",
                        option.name, value));
      }
      take(option, value);
    }
  }
  for (const DeclaredOption& option : declared_) {
    if (option.required && !given(option.name.c_str())) {
      throw UsageError(fmt::format("{} is missing", option.name));
    }
  }
}

}  // namespace pupil::cli
