// Log-probabilities that a model gives to tokens that are there already.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "nn/gpt.h"

namespace pupil {

/// result[t] = log p(next[t] | ids[0 .. t]) in nats, for every position t; next and ids are equally
/// long, and where next[t] is kIgnoreIndex the result is 0. Logits exist for a few rows at a time.
std::vector<double> next_logprobs(const Gpt& gpt, std::span<const std::int32_t> ids,
                                  std::span<const std::int32_t> next);

/// result[t] = log p(ids[t] | ids[0 .. t-1]); result[0] is 0.
std::vector<double> token_logprobs(const Gpt& gpt, std::span<const std::int32_t> ids);

/// The same for many sequences, in batches.
std::vector<std::vector<double>> token_logprobs(
    const Gpt& gpt, std::span<const std::vector<std::int32_t>> sequences);

/// result[t] = the most probable id behind ids[0 .. t].
std::vector<std::int32_t> greedy_next(const Gpt& gpt, std::span<const std::int32_t> ids);

/// Logits of every position, (T, V) in f64.
Tensor all_logits(const Gpt& gpt, std::span<const std::int32_t> ids);

}  // namespace pupil
