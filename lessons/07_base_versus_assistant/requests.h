// Requests in the chat template that the microworld itself does not make: instructions and hints.
#pragma once
#include <string>

#include "microworld/questions.h"

namespace pupil::microworld {

/// A request in the chat template: <bos> <user> TEXT <end> <asst> ANSWER <end>.
inline Example request(const Question& about, const std::string& text, const std::string& answer) {
  Example e{.question = about, .answer = ids_of(answer), .ids = {}, .mask = {}};
  e.ids = {kBos, kUser};
  for (const Id id : ids_of(text)) e.ids.push_back(id);
  e.ids.insert(e.ids.end(), {kEnd, kAsst});
  e.mask.assign(e.ids.size(), 0);
  for (const Id id : e.answer) e.ids.push_back(id);
  e.ids.push_back(kEnd);
  e.mask.resize(e.ids.size(), 1);
  return e;
}

/// "what is the city of mira ?"
inline std::string direct(const Question& q) { return text(question_ids(q)); }
/// "the city of mira"
inline std::string relation_of_name(const Question& q) {
  return "the " + std::string(word(relation_id(q.relation))) + " of " +
         std::string(word(name_id(q.name)));
}
inline std::string value_of(const World& world, const Question& q) {
  return std::string(word(world.value_id(q.name, q.relation)));
}

}  // namespace pupil::microworld
