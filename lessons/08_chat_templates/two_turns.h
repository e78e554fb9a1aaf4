// Dialogues of two turns, in which the second question names nobody: "it" is who the first was
// about.
//
//   <bos> <user> what is the city of mira ? <end> <asst> oslo <end>
//         <user> what is the job of it ? <end> <asst> baker <end>
//
// As a microworld example the last answer is the one that is asked for; the mask covers it alone,
// or both answers.
#pragma once
#include <vector>

#include "microworld/questions.h"

namespace lesson08 {

/// Appends a turn of the user: its markers and the words of a question.
inline void append_question(pupil::microworld::Ids& ids, const pupil::microworld::Ids& words) {
  ids.push_back(pupil::microworld::kUser);
  ids.insert(ids.end(), words.begin(), words.end());
  ids.push_back(pupil::microworld::kEnd);
  ids.push_back(pupil::microworld::kAsst);
}

/// Each fact about `names` as the second question, behind one about the next relation.
inline std::vector<pupil::microworld::Example> dialogues(const pupil::microworld::World& world,
                                                         pupil::microworld::NameRange names,
                                                         bool both_answers_count) {
  using namespace pupil::microworld;
  std::vector<Example> list;
  for (int name = names.first; name < names.end; ++name) {
    for (int relation = 0; relation < kRelations; ++relation) {
      const Question first{name, (relation + 1) % kRelations}, second{name, relation};
      Ids about_it = question_ids(second);
      for (Id& id : about_it) id = id == name_id(name) ? ids_of("it")[0] : id;
      Example e{
          .question = second, .answer = true_answer(world, second), .ids = {kBos}, .mask = {}};
      append_question(e.ids, question_ids(first));
      e.mask.assign(e.ids.size(), 0);
      const Ids said = true_answer(world, first);
      e.ids.insert(e.ids.end(), said.begin(), said.end());
      e.ids.push_back(kEnd);
      e.mask.resize(e.ids.size(), both_answers_count);
      append_question(e.ids, about_it);
      e.mask.resize(e.ids.size(), 0);
      e.ids.insert(e.ids.end(), e.answer.begin(), e.answer.end());
      e.ids.push_back(kEnd);
      e.mask.resize(e.ids.size(), 1);
      list.push_back(std::move(e));
    }
  }
  return list;
}

}  // namespace lesson08
