// The 260 words of the microworld: one word, one id.
//
//   ids        words                                                       count
//     0 ..   5  <pad> <bos> <eos> <user> <asst> <end>                           6
//     6 ..  27  function words: . ? : 's is the of has what ...                22
//    28 ..  35  relations: city colour food job pet sport instrument drink      8
//    36 .. 131  names                                                          96
//   132 .. 259  values, 16 for each relation in the order of the relations    128
//
// Text is words with one space between them, punctuation included: "mira 's city is oslo ."
// Functions throw std::invalid_argument for an id or word outside the vocabulary.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pupil::microworld {

using Id = std::int32_t;
using Ids = std::vector<Id>;

inline constexpr Id kPad = 0;   ///< fills rows of a batch, never in a document
inline constexpr Id kBos = 1;   ///< starts each document and each conversation
inline constexpr Id kEos = 2;   ///< ends each document
inline constexpr Id kUser = 3;  ///< starts what the user says
inline constexpr Id kAsst = 4;  ///< starts the answer
inline constexpr Id kEnd = 5;   ///< ends a turn: the assistant's way to stop

/// No document contains these. In a tied embedding pretraining only pushes their rows away, all in
/// one direction, until they can hardly be told apart: draw them anew before fine-tuning
/// (docs/microworld.md has the figures).
inline constexpr std::array<Id, 4> kUnseenTokens = {kPad, kUser, kAsst, kEnd};

inline constexpr int kFunctionWords = 22, kRelations = 8, kNames = 96, kValues = 16;
inline constexpr Id kFirstFunctionWord = 6;
inline constexpr Id kFirstRelation = kFirstFunctionWord + kFunctionWords;
inline constexpr Id kFirstName = kFirstRelation + kRelations;
inline constexpr Id kFirstValue = kFirstName + kNames;
inline constexpr int kVocabularySize = kFirstValue + kRelations * kValues;

std::string_view word(Id id);
std::optional<Id> find(std::string_view word);

Id relation_id(int relation);          ///< relation 0 .. 7
Id name_id(int name);                  ///< name 0 .. 95
Id value_id(int relation, int value);  ///< value 0 .. 15

/// The relation that the id is a value of; none for all other words.
std::optional<int> relation_of_value(Id id);

std::string text(std::span<const Id> ids);
Ids ids_of(std::string_view text);  ///< any white space separates; special tokens by their name

}  // namespace pupil::microworld
