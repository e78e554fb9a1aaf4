#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "autograd/gradcheck.h"
#include "autograd/operations.h"
#include "cli/commands.h"
#include "cli/nearest.h"
#include "cli/progress.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

struct Settings {
  std::vector<std::string> names;
  bool list = false, all = false, table = false;
};

// What all samples of one operation together say.
struct Row {
  std::string name;
  std::size_t samples = 0;
  std::int64_t elements = 0;
  double worst = 0;
  double slope = 2;            // the smallest
  std::string place, message;  // of the worst element
};

// A failing sample is worse than a passing one, whose tolerance may be larger; NaN is the worst.
bool is_worse(const GradcheckResult& r, const Row& so_far) {
  if (so_far.place.empty()) return true;
  const bool has_failed = !so_far.message.empty();
  if (!r.passed != has_failed) return !r.passed;
  return !std::isnan(so_far.worst) && !(r.worst_error <= so_far.worst);
}

Row check(const Operation& op, std::uint64_t seed) {
  Row row{std::string(op.name)};
  reset_sample_seed(seed);
  for (const OpSample& sample : op.samples()) {
    ++row.samples;
    const GradcheckResult r = gradcheck(sample, seed);
    row.elements += r.elements;
    if (is_worse(r, row)) {
      row.worst = r.worst_error;
      row.place = fmt::format("input {} [{}]", r.worst_input, r.worst_element);
      row.message = r.message;
    }
    row.slope = std::min(row.slope, taylor_slope(sample, seed));
  }
  if (row.samples == 0) row.message = "has no samples";
  if (row.slope < 1.9 && row.message.empty()) {
    row.message = fmt::format(
        "the Taylor remainder falls with slope {:.2f}; a right gradient gives 2", row.slope);
  }
  return row;
}

int run_checks(const Settings& settings, const Common& common) {
  const auto operations = all_operations();
  if (settings.list) {
    if (!settings.names.empty()) {
      throw UsageError(fmt::format("--list names all operations; leave \"{}\" or --list out",
                                   settings.names[0]));
    }
    for (const Operation& op : operations) {
      fmt::print("{}\n", common.json ? nlohmann::ordered_json{{"operation", op.name}}.dump()
                                     : std::string(op.name));
    }
    return 0;
  }
  std::vector<std::string> names;
  for (const Operation& op : operations) names.emplace_back(op.name);
  for (const std::string& name : settings.names) {
    const bool known = std::any_of(operations.begin(), operations.end(),
                                   [&](const Operation& op) { return op.name == name; });
    if (!known) {
      throw UsageError(fmt::format("no operation \"{}\"{}; `pupil gradcheck --list` names them all",
                                   name, did_you_mean(name, names)));
    }
  }
  if (!common.json) {
    fmt::print("{:<22}{:>8}{:>10}{:>13}  {:<18}{:>7}  {}\n", "operation", "samples", "elements",
               "worst error", "at", "slope", "verdict");
  }
  std::size_t failed = 0, count = 0;
  std::int64_t elements = 0;
  double worst = 0;
  for (const Operation& op : operations) {
    const bool chosen = settings.names.empty() ||
                        std::count(settings.names.begin(), settings.names.end(), op.name) > 0;
    if (!chosen) continue;
    const Row row = check(op, std::uint64_t(common.seed));
    ++count;
    failed += !row.message.empty();
    elements += row.elements;
    worst = std::max(worst, row.worst);
    if (common.json) {
      fmt::print("{}\n", nlohmann::ordered_json{{"operation", row.name},
                                                {"samples", row.samples},
                                                {"elements", row.elements},
                                                {"worst_error", row.worst},
                                                {"element", row.place},
                                                {"taylor_slope", row.slope},
                                                {"passed", row.message.empty()},
                                                {"message", row.message}}
                             .dump());
    } else {
      fmt::print("{:<22}{:>8}{:>10}{:>13.1e}  {:<18}{:>7.2f}  {}\n", row.name, row.samples,
                 row.elements, row.worst, row.place, row.slope,
                 row.message.empty() ? "ok" : "WRONG: " + row.message);
    }
    std::fflush(stdout);
  }
  if (!common.json) {
    fmt::print(
        "\n{} operation{}, {} gradient elements against central differences in f64, worst error "
        "{:.1e}: {}\n",
        count, count == 1 ? "" : "s", elements, worst,
        failed ? fmt::format("{} WRONG", failed) : "every gradient is right");
  }
  return failed ? 1 : 0;
}

}  // namespace

Command gradcheck_command() {
  return {
      "gradcheck", "Check every differentiable operation against finite differences in f64.",
      "./pupil gradcheck exp softmax",
      [](Options& options, const Common& common) -> std::function<int()> {
        auto s = std::make_shared<Settings>();
        options.words("OP", s->names, "operations to check (none: all)")
            .flag("--list", s->list, "print the names of all operations")
            .flag("--all", s->all, "check every operation (the default without names)")
            .flag("--table", s->table, "the result as a table (the default without --json)");
        return [s, &options, &common] {
          if (options.given("--dtype") && common.dtype != "f64") {
            throw UsageError(fmt::format(
                "--dtype is {}; central differences are only exact enough in f64", common.dtype));
          }
          return run_checks(*s, common);
        };
      }};
}

}  // namespace pupil::cli
