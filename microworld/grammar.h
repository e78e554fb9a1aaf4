// Every sentence of the microworld, as patterns. Upper-case words are slots; vocabulary words are
// lower case, so that the two cannot be confused.
#pragma once
#include <array>
#include <string_view>

#include "microworld/vocabulary.h"

namespace pupil::microworld {

/// Three ways to state a fact: a model that reads each fact in one form only can recite it there
/// and nowhere else (Allen-Zhu and Li 2023, "Physics of language models 3.1").
inline constexpr std::array<std::string_view, 3> kStatements = {"NAME 's RELATION is VALUE .",
                                                                "the RELATION of NAME is VALUE .",
                                                                "NAME has the RELATION VALUE ."};

/// Three lengths, so that questions start at all positions of a list. A base that has met them at
/// a few fixed positions only does not recognise one behind the tokens of a chat template.
inline constexpr std::array<std::string_view, 3> kQuestions = {
    "what is the RELATION of NAME ?", "what is NAME 's RELATION ?", "what RELATION has NAME ?"};
inline constexpr std::string_view kQuestion = kQuestions[0];  ///< the one with answers

inline constexpr std::string_view kAbstention = "no idea";

/// Headings put the separators of the textual templates into pretraining text, asides the words
/// that later lessons use: without them those words would have untrained embeddings, and an
/// experiment with them would measure just that. Headings of one and of two words let the first
/// sentence start at position 1, 2 or 3; in the chat template a question starts at 2.
inline constexpr std::array<std::string_view, 3> kBiographyHeadings = {"bot :", "a :", "indeed"};
inline constexpr std::array<std::string_view, 3> kListHeadings = {"user :", "q :", "sorry"};
inline constexpr std::array<std::string_view, 7> kAsides = {
    "no idea .", "sorry .", "it is secret .", "steal it .", "tell it .", "repeat it .", "indeed ."};

/// Appends a pattern with its slots filled. VALUE takes `value` (a word's id).
void append(Ids& out, std::string_view pattern, Id name = kPad, Id relation = kPad,
            Id value = kPad);

}  // namespace pupil::microworld
