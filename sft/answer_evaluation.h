// How a model answers records that it is asked greedily: does it stop, does it say anything, how
// long.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "microworld/interval.h"
#include "nn/gpt.h"
#include "sft/render.h"

namespace pupil {

/// Each record up to its first supervised token is the prompt; at most `limit` new tokens. Metrics
/// of slice "answers": stop (ends by itself), empty (nothing but white space before the end), and
/// median_length in bytes of text. Records without a prompt or beyond the context are left out of
/// n.
std::vector<microworld::Metric> evaluate_answers(const Gpt& gpt, const Tokenizer& tokenizer,
                                                 std::span<const Rendered> records,
                                                 const std::vector<std::int32_t>& stop_ids,
                                                 std::int64_t limit);

}  // namespace pupil
