// Byte-pair encoding on disk: "model" of tokenizer.json, and vocab.json with merges.txt.
//
// Both hold bytes as GPT-2's byte characters (sft/byte_alphabet.h). Merges are "a b" or ["a", "b"]
// in tokenizer.json, lines "a b" in merges.txt behind an optional "#version" line.
#pragma once
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sft/bpe_tokenizer.h"
#include "sft/tokenizer.h"

namespace pupil {

/// Bytes in byte characters.
std::string symbols_of(std::string_view bytes);

/// From "model" of a tokenizer.json and its vocabulary by id. Those of `added` that are in the
/// vocabulary and that no merge makes are its special tokens. Throws InputError, without the path.
Tokenizer read_byte_pairs(const nlohmann::json& model, const std::vector<std::string>& vocabulary,
                          const std::vector<SpecialToken>& added);

/// FOLDER/vocab.json and FOLDER/merges.txt in the form of tokenizer.json. Special tokens are not
/// marked in them: they are the entries that are no byte and that no merge makes, and those of
/// FOLDER/added_tokens.json, when there is one.
nlohmann::json join_vocab_and_merges(const std::string& folder);

/// "vocab" by ascending id, special tokens by name.
nlohmann::ordered_json byte_pair_vocabulary(const Tokenizer& tokenizer);
/// "merges" as lists of two.
nlohmann::ordered_json byte_pair_merges(const BytePairCodec& codec);
/// Writes both files, each whole or not at all.
void write_vocab_and_merges(const Tokenizer& tokenizer, const std::string& folder);

}  // namespace pupil
