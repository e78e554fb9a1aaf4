// What `sft` says when it has trained.
#pragma once
#include <string>

#include "cli/sft_settings.h"
#include "sft/trainer.h"

namespace pupil::cli {

struct SftOutcome {
  bool adapter = false;    ///< an adapter was trained, not a model
  bool tokenizer = false;  ///< there is one, so that text can be typed
  bool talks = false;      ///< the records were conversations in some template
  std::string best_folder{};
};

/// The losses, where the model lies, and the command to try next.
void report_training(const SftSettings& settings, const Common& common, const TrainResult& result,
                     const SftOutcome& outcome);

}  // namespace pupil::cli
