// What a base model is asked: to go on after a question, and to finish a statement.
#pragma once
#include <vector>

#include "microworld/questions.h"

namespace pupil::microworld {

/// New tokens that a probe needs: two more questions fit, or two statements.
inline constexpr int kContinuationLimit = 16;
/// New tokens that an answer gets to end in.
inline constexpr int kAnswerLimit = 8;

/// <bos> and the question, as a document would start: "<bos> what is the city of mira ?"
Ids plain_prompt(const Question& question);

/// The start of a document up to the value: "<bos> mira 's city is", answer "oslo".
struct Cloze {
  Question question;
  Ids prefix;
  Id answer;
};

/// One for each fact about the names; the three forms of statement take turns.
std::vector<Cloze> cloze_probes(const World& world, NameRange names = kKnownNames);

}  // namespace pupil::microworld
