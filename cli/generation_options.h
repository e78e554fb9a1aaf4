// The options of generation, shared by generate and chat.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cli/model_input.h"
#include "nn/generate.h"

namespace pupil::cli {

struct GenerationOptions {
  std::int64_t max_new_tokens = 128, top_k = 0;
  double temperature = 0, top_p = 1, min_p = 0, repetition_penalty = 1;
  std::vector<std::int64_t> stop_ids;
  bool no_cache = false;

  void declare(Options& options);
  SamplingOptions sampling() const;
  /// With --stop-ids those; otherwise the end tokens of the template, or of the model.
  GenerateOptions resolve(const ModelInput& input, const std::string& chat_name,
                          const Common& common) const;
};

}  // namespace pupil::cli
