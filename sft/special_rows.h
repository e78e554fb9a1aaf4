// Rows of the token embedding, and of an untied head, that train beside an adapter while the rest
// of the tables is frozen: special tokens that the base never met (PEFT's trainable_token_indices
// of wte and lm_head).
#pragma once
#include <cstdint>
#include <span>

#include "sft/lora.h"

namespace pupil {

/// Makes the rows that `config` lists trainable. Throws UsageError for an id outside the
/// vocabulary.
void add_special_rows(Gpt& gpt, const LoraConfig& config);

/// Makes more tokens' rows trainable, in the embedding and in an untied head, and lists them in
/// `config`. What is listed already stays as it is. Throws UsageError likewise.
void train_special_rows(Gpt& gpt, LoraConfig& config, std::span<const std::int32_t> ids);

/// The rows go to their places in the tables and train no more.
void fold_special_rows(Gpt& gpt);

}  // namespace pupil
