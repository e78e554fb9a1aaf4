// Questions with answers, as a fine-tuning example and as text.
//
//   template        ids of "what is the city of mira ?" answered with "oslo"
//   kChat  (T0)     <bos> <user> what is the city of mira ? <end> <asst> oslo <end>
//   kUserBot (T1)   <bos> user : what is the city of mira ? bot : oslo <end>
//   kQa    (T2)     <bos> q : what is the city of mira ? a : oslo <end>
//
// Ids and mask are made together. Supervised is the answer with the <end> after it and nothing
// else: two tokens where the answer is a value.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "microworld/vocabulary.h"
#include "microworld/world.h"

namespace pupil::microworld {

enum class Template { kChat, kUserBot, kQa };

struct Question {
  int name = 0;
  int relation = 0;
  bool operator==(const Question&) const = default;
};

struct Example {
  Question question;
  Ids answer;                      ///< what follows the prompt, without <end>
  Ids ids;                         ///< prompt, answer, <end>
  std::vector<std::uint8_t> mask;  ///< as long as ids; 1 = position t is predicted and counts

  size_t prompt_length() const { return ids.size() - answer.size() - 1; }
  Ids prompt() const { return {ids.begin(), ids.begin() + prompt_length()}; }
};

/// The words of the question: "what is the city of mira ?"
Ids question_ids(const Question& question);

Example make_example(const Question& question, Ids answer, Template form = Template::kChat);
Ids true_answer(const World& world, const Question& question);

/// One line of a JSON Lines file, without the line break; the template is the reader's choice:
/// {"messages": [{"role": "user", "content": "what is ..."}, {"role": "assistant", ...}]}
std::string messages_record(const Example& example);

}  // namespace pupil::microworld
