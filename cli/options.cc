#include "cli/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <deque>
#include <new>

#include "cli/version.h"
#include "kernels/parallel.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

class Cli11Options : public Options {
 public:
  explicit Cli11Options(CLI::App& app) : app_(app) {}

  Options& text(const char* name, std::string& value, const char* help) override {
    return keep(app_.add_option(name, value, help)->type_name("TEXT"), value);
  }
  Options& integer(const char* name, std::int64_t& value, const char* help) override {
    return keep(app_.add_option(name, value, help)->type_name("N"), std::to_string(value));
  }
  Options& number(const char* name, double& value, const char* help) override {
    return keep(app_.add_option(name, value, help)->type_name("X"), fmt::format("{}", value));
  }
  Options& flag(const char* name, bool& value, const char* help) override {
    last_ = app_.add_flag(name, value, help);
    return *this;
  }
  Options& on_off(const char* name, bool& value, const char* help) override {
    texts_.push_back(value ? "on" : "off");
    bool* target = &value;
    CLI::Option* option = app_.add_option_function<std::string>(
        name, [target](const std::string& s) { *target = s == "on"; }, help);
    return keep(option->check(CLI::IsMember({"on", "off"}))->type_name("on|off"), texts_.back());
  }
  Options& choice(const char* name, std::string& value, const std::vector<std::string>& choices,
                  const char* help) override {
    CLI::Option* option = app_.add_option(name, value, help)->check(CLI::IsMember(choices));
    return keep(option->type_name(fmt::format("{}", fmt::join(choices, "|"))), value);
  }
  Options& list(const char* name, std::vector<std::string>& values, const char* help) override {
    CLI::Option* option = app_.add_option(name, values, help)->delimiter(',');
    return keep(option->expected(1)->type_name("A,B"), fmt::format("{}", fmt::join(values, ",")));
  }
  Options& integers(const char* name, std::vector<std::int64_t>& values,
                    const char* help) override {
    CLI::Option* option = app_.add_option(name, values, help)->delimiter(',');
    return keep(option->expected(1)->type_name("N,N"), fmt::format("{}", fmt::join(values, ",")));
  }
  Options& words(const char* name, std::vector<std::string>& values, const char* help) override {
    last_ = app_.add_option(name, values, help);
    return *this;
  }
  Options& required() override {
    last_->required();
    return *this;
  }
  bool given(const char* name) const override { return app_.get_option(name)->count() > 0; }

 private:
  Options& keep(CLI::Option* option, const std::string& default_text) {
    last_ = option;
    if (!default_text.empty()) option->default_str(default_text);
    return *this;
  }
  CLI::App& app_;
  CLI::Option* last_ = nullptr;
  std::deque<std::string> texts_;
};

int report(int status, const std::string& message) {
  fmt::print(stderr, "pupil: {}\n", message);
  return status;
}

void add_common(CLI::App& app, Common& common) {
  const char* group = "Common options";
  app.add_option("--device", common.device, "where to compute")
      ->check(CLI::IsMember({"cpu", "cuda", "auto"}))
      ->default_str(common.device)
      ->type_name("cpu|cuda|auto")
      ->group(group);
  app.add_option("--dtype", common.dtype, "element type of the computation")
      ->check(CLI::IsMember({"f32", "f64", "bf16"}))
      ->default_str(common.dtype)
      ->type_name("f32|f64|bf16")
      ->group(group);
  app.add_option("--threads", common.threads, "engine threads (0: as many as cores)")
      ->check(CLI::Range(0, 1024))
      ->default_str("0")
      ->type_name("N")
      ->group(group);
  app.add_option("--seed", common.seed, "seed of all random numbers")
      ->default_str("0")
      ->type_name("N")
      ->group(group);
  app.add_flag("--json", common.json, "results as JSON, one object a line")->group(group);
  app.add_flag("--quiet", common.quiet, "no progress, no logs")->group(group);
  app.add_flag("--plain", common.plain, "no colours, no progress bars")->group(group);
}

}  // namespace

int run(int argc, char** argv, const std::vector<Command>& commands) {
  CLI::App app(
      "Pupil teaches instruction tuning by letting people read, run and rebuild all of it.",
      "pupil");
  app.require_subcommand(1);
  app.set_version_flag("--version", version_text(), "version, build, CPU, BLAS core, devices");
  app.failure_message([](const CLI::App* failed, const CLI::Error& e) {
    return fmt::format("pupil: {}\nRun `{} --help` for the options.\n", e.what(),
                       failed->get_parent() ? "pupil " + failed->get_name() : "pupil");
  });
  Common common;
  std::deque<Cli11Options> options;
  std::vector<std::function<int()>> bodies;
  std::vector<CLI::App*> parsers;
  for (const Command& command : commands) {
    CLI::App* sub = app.add_subcommand(command.name, command.purpose);
    sub->footer(fmt::format("Example:\n  {}", command.example));
    add_common(*sub, common);
    bodies.push_back(command.setup(options.emplace_back(*sub), common));
    parsers.push_back(sub);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  try {
    if (common.device == "cuda") {
      throw DeviceError(
          "--device cuda: this is the CPU build; build with CUDA, or take --device cpu");
    }
    if (common.dtype == "bf16") {
      throw UsageError("--dtype bf16 needs a CUDA device; on the CPU take f32 or f64");
    }
    if (common.threads > 0) set_threads(int(common.threads));
    for (std::size_t i = 0; i < commands.size(); ++i) {
      if (parsers[i]->parsed()) return bodies[i]();
    }
  } catch (const Interrupted&) {
    return 130;
  } catch (const UsageError& e) {
    return report(2, e.what());
  } catch (const Error& e) {
    // Shapes, ids and values that do not fit come from files and data here: input.
    return report(3, e.what());
  } catch (const std::bad_alloc&) {
    return report(4, "out of memory");
  } catch (const std::exception& e) {
    return report(
        4, fmt::format("internal error: {}; please report it with the command line", e.what()));
  }
  return 4;
}

}  // namespace pupil::cli
