// Training of byte-level byte-pair encoding (Sennrich et al. 2016), with the merges of Hugging
// Face's `tokenizers`.
//
// The text, taken as one, is split into pieces by GPT-2's pattern; then, until the vocabulary is
// full, the pair of neighbours that occurs most often becomes one symbol, ties going to the smaller
// pair of ids. Ids: special tokens, the 256 bytes in the code point order of GPT-2's byte
// characters, merges. Time: about linear in the distinct pieces, plus log for each pair.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sft/tokenizer.h"

namespace pupil {

/// The vocabulary is smaller than `vocab_size` when the text has no more pairs. Throws UsageError
/// for a size without room for specials and bytes, or an impossible list of specials.
Tokenizer train_byte_pairs(std::string_view text, std::int64_t vocab_size,
                           const std::vector<std::string>& specials);

}  // namespace pupil
