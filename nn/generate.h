// Generation: prompts of unequal length in one batch, a KV cache, one token a row and step.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "nn/gpt.h"
#include "nn/sampling.h"

namespace pupil {

struct GenerateOptions {
  std::int64_t max_new_tokens = 64;
  SamplingOptions sampling{.temperature = 0};
  /// Generating one of these ends a row; it is part of the ids.
  std::vector<std::int32_t> stop_ids{};
  std::uint64_t seed = 0;  ///< row r draws from stream r, token by token
  bool use_cache = true;
};

enum class Finish { kStop, kLength, kContext };
const char* name_of(Finish finish);  ///< "stop", "length", "context"

struct Generated {
  std::vector<std::int32_t> ids;  ///< new ones only
  Finish finish = Finish::kLength;
};

/// Called for each new id as it is made; returning false ends that row ("length").
using TokenCallback = std::function<bool(std::size_t row, std::int32_t id)>;

/// Continues every prompt. Throws InputError for an empty prompt, one that fills the context, or an
/// id outside the vocabulary.
std::vector<Generated> generate(const Gpt& gpt,
                                const std::vector<std::vector<std::int32_t>>& prompts,
                                const GenerateOptions& options, const TokenCallback& on_token = {});

/// The filtered distribution of the first new token.
std::vector<double> first_token_distribution(const Gpt& gpt,
                                             const std::vector<std::int32_t>& prompt,
                                             const SamplingOptions& options);

}  // namespace pupil
