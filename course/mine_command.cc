#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>

#include "cli/plot.h"
#include "cli/progress.h"
#include "cli/report/html.h"
#include "course/commands.h"
#include "course/mine.h"
#include "course/session.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

struct Settings {
  SessionOptions session;
  std::int64_t steps = 60;
};

std::string page(const Exercise& e, const MineCurves& curves) {
  cli::LineChart chart;
  chart.title = fmt::format("Training with your {} beside the reference", e.id);
  chart.description = "loss a step of two runs that differ in these functions only";
  chart.x_label = "step";
  chart.y_label = "loss";
  chart.lines = {{"yours", curves.mine, 0}, {"reference", curves.reference, 1}};
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>"
      "<style>:root{{color-scheme:light dark}}body{{max-width:52rem;margin:2rem auto;"
      "font:1rem/1.5 system-ui,sans-serif}}{1}</style></head><body><h1>{0}</h1>{2}<p>{3}"
      "</p></body></html>\n",
      cli::escape_html(chart.title), cli::plot_css(), cli::line_chart(chart),
      cli::escape_html(curves.broke));
}

int mine(const Settings& s, const cli::Common& common) {
  const Session session(s.session);
  const Exercise& e = session.exercise();
  const Built built =
      compile(session.course(), e, session.work().file(e), session.work().build_folder(e));
  if (!built.ok) throw InputError(built.message);
  MineOptions options{.steps = s.steps, .seed = std::uint64_t(common.seed)};
  cli::Progress progress(common, "training with your functions", s.steps);
  const MineCurves curves = train_both(session.course(), e, built.object, options,
                                       [&](std::int64_t step) { progress.step(step, ""); });
  fmt::print("{:>6} {:>14} {:>14}\n", "step", "yours", "reference");
  double largest = 0;
  for (std::size_t i = 0; i < curves.reference.size(); ++i) {
    const bool have = i < curves.mine.size();
    if (have) largest = std::max(largest, std::abs(curves.mine[i] - curves.reference[i]));
    if (i % 10 == 0 || i + 1 == curves.reference.size()) {
      fmt::print("{:>6} {:>14} {:>14.9g}\n", i + 1,
                 have ? fmt::format("{:.9g}", curves.mine[i]) : "-", curves.reference[i]);
    }
  }
  const std::string file = fmt::format("mine-{}.html", e.id);
  write_file(file, page(e, curves));
  fmt::print("largest difference of the two curves: {:.3g}\nplot: {}\n", largest, file);
  if (!curves.broke.empty())
    fmt::print("yours ended at step {}: it {}\n", curves.mine.size(), curves.broke);
  return curves.broke.empty() ? 0 : 1;
}

}  // namespace

cli::Command mine_command() {
  return {
      "mine",
      "Trains a small GPT with your functions in the engine's place, beside the reference: both "
      "curves in one plot (mine-ID.html).",
      "./pupil mine --help",
      [](cli::Options& options, const cli::Common& common) -> std::function<int()> {
        auto s = std::make_shared<Settings>();
        s->session.declare(options);
        options.integer("--steps", s->steps, "optimizer steps of 8 examples")
            .at_least(1)
            .at_most(2000);
        return [s, &common] { return mine(*s, common); };
      }};
}

}  // namespace pupil::course
