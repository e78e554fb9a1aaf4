// What the report asks of a DemoResult; whatever was not measured reads as an en dash.
#pragma once
#include <string>
#include <string_view>

#include "cli/demo.h"
#include "microworld/vocabulary.h"

namespace pupil::cli {

/// Null when it is not there.
const DemoStage* find_stage(const DemoResult& result, std::string_view name);
const microworld::Metric* find_metric(const DemoStage* stage, std::string_view slice,
                                      std::string_view metric);
/// The value of a share as percent().
std::string share_text(const microworld::Metric* metric);
/// With its interval: "93.8 % [89.4, 96.4]".
std::string share_with_interval(const microworld::Metric* metric);

/// A right answer by picking one of the values of the relation.
inline constexpr double kChance = 1.0 / microworld::kValues;
std::string chance_text();  ///< "6.25 %"

/// How the report names a stage: "SFT" for "sft". Not escaped.
std::string stage_title(const DemoStage& stage);
/// Mean of the last (at most) `count` finite losses; NaN without any.
double last_loss(const DemoStage& stage, int count);

}  // namespace pupil::cli
