#include "cli/report/lookup.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "cli/report/html.h"

namespace pupil::cli {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

const DemoStage* find_stage(const DemoResult& result, std::string_view name) {
  for (const DemoStage& stage : result.stages) {
    if (stage.name == name) return &stage;
  }
  return nullptr;
}

const microworld::Metric* find_metric(const DemoStage* stage, std::string_view slice,
                                      std::string_view metric) {
  if (!stage) return nullptr;
  for (const microworld::Metric& m : stage->metrics) {
    if (m.slice == slice && m.metric == metric) return &m;
  }
  return nullptr;
}

std::string share_text(const microworld::Metric* metric) {
  return percent(metric ? metric->value : kNan);
}

std::string share_with_interval(const microworld::Metric* metric) {
  if (!metric) return percent(kNan);
  return fmt::format("{} [{},\u00a0{}]", percent(metric->value), fixed(100 * metric->low, 1),
                     fixed(100 * metric->high, 1));
}

std::string chance_text() { return short_number(100 * kChance) + "\u00a0%"; }

std::string stage_title(const DemoStage& stage) {
  if (stage.name == "base") return "Base";
  if (stage.name == "sft") return "SFT";
  if (stage.name == "lora") return "LoRA";
  if (stage.name == "random") return "Random start";
  return stage.name;
}

double last_loss(const DemoStage& stage, int count) {
  double sum = 0;
  int seen = 0;
  for (auto loss = stage.losses.rbegin(); loss != stage.losses.rend() && seen < count; ++loss) {
    if (std::isfinite(*loss)) sum += *loss, ++seen;
  }
  return seen ? sum / seen : kNan;
}

}  // namespace pupil::cli
