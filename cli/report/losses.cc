// Loss curves.
#include <fmt/format.h>

#include <algorithm>

#include "cli/plot.h"
#include "cli/report/html.h"
#include "cli/report/lookup.h"
#include "cli/report/sections.h"

namespace pupil::cli {
namespace {

constexpr int kLastSteps = 20;  // the "final" loss is a mean: one step's is noise

// About a fortieth of the run, odd.
int smoothing(std::size_t steps) { return int(std::max<std::size_t>(steps / 80, 1)) * 2 + 1; }

std::string figure(LineChart chart, const std::string& caption) {
  std::size_t longest = 0;
  for (const Line& line : chart.lines) longest = std::max(longest, line.y.size());
  chart.smooth = smoothing(longest);
  return fmt::format(
      "<figure>{}<figcaption>{} Strong line: mean over {} steps; faint: each step.</figcaption>"
      "</figure>\n",
      line_chart(chart), caption, chart.smooth);
}

std::string from_to(const DemoStage& stage) {
  return fmt::format(
      "{} from {} to {}", stage_title(stage),
      stage.losses.empty() ? fixed(last_loss(stage, 1), 3) : fixed(stage.losses.front(), 3),
      fixed(last_loss(stage, kLastSteps), 3));
}

}  // namespace

std::string report_losses(const DemoResult& result) {
  LineChart pretraining{
      .title = "Loss of pretraining", .x_label = "step", .y_label = "loss, nats a token"};
  LineChart tuning{.title = "Loss of fine-tuning",
                   .x_label = "step",
                   .y_label = "loss, nats a supervised token",
                   .log_y = true};
  const DemoStage* random = find_stage(result, "random");
  int color = 0;
  for (const DemoStage& stage : result.stages) {
    LineChart& chart = stage.name == "base" ? pretraining : tuning;
    chart.lines.push_back({stage_title(stage), stage.losses, color++ % 6});
    chart.description += from_to(stage) + ". ";
  }
  return fmt::format(
      "<section>\n<h2>Loss curves</h2>\n{}{}<p>First step and mean of the last {} steps: "
      "{}{}</p>\n</section>\n",
      figure(pretraining, "Pretraining: every next token of a document counts."),
      figure(tuning, fmt::format("Fine-tuning: only the answer and its end count; the scale is "
                                 "logarithmic. From random weights a falling loss means learning "
                                 "by heart: {} of the trained questions right, {} of the held-out "
                                 "ones.",
                                 share_text(find_metric(random, "trained", "accuracy")),
                                 share_text(find_metric(random, "held-out", "accuracy")))),
      kLastSteps, escape_html(pretraining.description), escape_html(tuning.description));
}

}  // namespace pupil::cli
