#include "cli/report/claims.h"

#include <algorithm>
#include <limits>

#include "cli/report/lookup.h"

namespace pupil::cli {

bool Claim::holds() const {
  return std::all_of(conditions.begin(), conditions.end(),
                     [](const Condition& c) { return c.holds(); });
}

std::vector<Claim> demo_claims(const DemoResult& result) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr bool kAbove = true, kBelow = false;
  const auto measured = [&](const char* stage, const char* slice, const char* metric) {
    const microworld::Metric* m = find_metric(find_stage(result, stage), slice, metric);
    return m ? m->value : kNan;
  };
  const DemoStage* lora = find_stage(result, "lora");
  const double lora_share = lora ? double(lora->trained) / double(lora->parameters) : kNan;
  return {
      {"Pretraining teaches the facts.",
       {{"facts recited by the base model", measured("base", "cloze", "cloze"), kAbove, 0.95}}},
      {"Pretraining does not teach answering: the base model goes on with the text.",
       {{"another question after a question", measured("base", "base", "another_question"), kAbove,
         0.9},
        {"the answer anywhere after it", measured("base", "base", "contains_answer"), kBelow,
         0.05}}},
      {"Masked fine-tuning makes it answer, about names never asked about, and stop.",
       {{"held-out questions right", measured("sft", "held-out", "accuracy"), kAbove, 0.75},
        {"answers of the right shape", measured("sft", "held-out", "shape"), kAbove, 0.97},
        {"answers that end by themselves", measured("sft", "held-out", "stop"), kAbove, 0.97}}},
      {"A low-rank adapter does the same with few parameters.",
       {{"held-out questions right", measured("lora", "held-out", "accuracy"), kAbove, 0.75},
        {"share of parameters trained", lora_share, kBelow, 0.08}}},
      {"Fine-tuning brings no knowledge of its own: from random weights it cannot answer.",
       {{"held-out questions right", measured("random", "held-out", "accuracy"), kBelow, 0.15}}},
  };
}

}  // namespace pupil::cli
