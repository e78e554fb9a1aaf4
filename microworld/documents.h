// Pretraining text. A document is a pure function of (world, seed, index): there is no state to
// save, and a resumed run reads on where it stopped.
//
//   3 in 4  biography   <bos> [heading] 4 statements about one known name [aside] <eos>
//                       4 of the 8 relations in random order, each in one of 3 forms
//   1 in 4  list        <bos> [heading] 3 or 4 questions about any names <eos>
//                       each in one of 3 forms
//
// Nobody answers the questions of a list. That is what teaches the base model to follow a question
// with another question.
#pragma once
#include <cstdint>

#include "microworld/vocabulary.h"
#include "microworld/world.h"

namespace pupil::microworld {

inline constexpr int kStatementsPerBiography = 4;
inline constexpr int kFewestQuestions = 3, kMostQuestions = 4;

/// Shares between 0 and 1.
struct DocumentOptions {
  double lists = 0.25;    ///< of the documents
  double headings = 0.2;  ///< of the documents start with a heading (grammar.h)
  double asides = 0.1;    ///< of the biographies end with an aside (grammar.h)
};

Ids document(const World& world, std::uint64_t seed, std::uint64_t index,
             const DocumentOptions& options = {});

}  // namespace pupil::microworld
