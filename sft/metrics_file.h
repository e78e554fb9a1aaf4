// metrics.jsonl: one JSON object a line for every step and every evaluation of a run.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "nn/file.h"
#include "sft/train_state.h"

namespace pupil {

class MetricsFile {
 public:
  /// An empty file; or, for a run that goes on, the one there is without what lies beyond the saved
  /// step: a kill can leave steps behind the last save, and half a line.
  MetricsFile(const std::string& folder, std::optional<std::int64_t> resumed_at);

  /// `step` counts from 1. Both throw InputError when the disk is full.
  void step(std::int64_t step, const StepResult& result, double lr, double seconds);
  void evaluation(std::int64_t step, const Evaluation& evaluation);

 private:
  AppendFile file_;
};

}  // namespace pupil
