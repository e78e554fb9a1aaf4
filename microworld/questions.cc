#include "microworld/questions.h"

#include <array>

#include "microworld/grammar.h"

namespace pupil::microworld {

namespace {

struct Frame {
  std::string_view before, after;  ///< the words around the question
};
constexpr std::array<Frame, 3> kFrames = {
    {{"<bos> <user>", "<end> <asst>"}, {"<bos> user :", "bot :"}, {"<bos> q :", "a :"}}};

}  // namespace

Ids question_ids(const Question& question) {
  Ids out;
  append(out, kQuestion, name_id(question.name), relation_id(question.relation));
  return out;
}

Example make_example(const Question& question, Ids answer, Template form) {
  const Frame& frame = kFrames[static_cast<size_t>(form)];
  Example example{.question = question, .answer = std::move(answer), .ids = {}, .mask = {}};
  append(example.ids, frame.before);
  append(example.ids, kQuestion, name_id(question.name), relation_id(question.relation));
  append(example.ids, frame.after);
  example.mask.assign(example.ids.size(), 0);

  example.ids.insert(example.ids.end(), example.answer.begin(), example.answer.end());
  example.ids.push_back(kEnd);
  example.mask.resize(example.ids.size(), 1);
  return example;
}

Ids true_answer(const World& world, const Question& question) {
  return {world.value_id(question.name, question.relation)};
}

std::string messages_record(const Example& example) {
  // The words hold no character that JSON would escape.
  return R"({"messages": [{"role": "user", "content": ")" + text(question_ids(example.question)) +
         R"("}, {"role": "assistant", "content": ")" + text(example.answer) + R"("}]})";
}

}  // namespace pupil::microworld
