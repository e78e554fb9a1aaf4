#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

constexpr std::int64_t kRoom = 61;
constexpr std::int32_t kSystem = 0, kUser = 1, kAssistant = 2;

// A conversation of these roles with contents of these lengths; all ids are drawn, and all of a
// template differ.
Call conversation(Trial& t, const std::string& function, const std::vector<std::int32_t>& roles,
                  const std::vector<std::int32_t>& lengths) {
  const std::int32_t base = 1000 + t.random.below(500);
  std::vector<std::int32_t> opening, first = {0}, content, content_first = {0};
  for (const std::int32_t length : {2, 3, 5}) {  // of the three roles
    for (std::int32_t k = 0; k < length; ++k)
      opening.push_back(base + std::int32_t(opening.size()));
    first.push_back(std::int32_t(opening.size()));
  }
  for (const std::int32_t length : lengths) {
    for (std::int32_t k = 0; k < length; ++k) content.push_back(t.random.below(1000));
    content_first.push_back(std::int32_t(content.size()));
  }
  if (content.empty()) content.push_back(0);  // an array has at least one element
  const auto turns = std::int64_t(roles.size());
  const std::string out = function == "mask" ? "mask" : "ids";
  return {function,
          {integer_input("bos", base + 20), integer_input("end", base + 21),
           integer_input("gap", base + 22), input_ids("opening", {10}, opening),
           input_ids("opening_first", {4}, first), input_ids("roles", {turns}, roles),
           input_ids("content", {std::int64_t(content.size())}, content),
           input_ids("content_first", {turns + 1}, content_first), output_ids(out, {kRoom}),
           output_ids("count")}};
}

const std::vector<std::int32_t> kTwoAnswers = {kSystem, kUser, kAssistant, kUser, kAssistant};
const std::vector<std::int32_t> kLengths = {3, 4, 2, 1, 3};

}  // namespace

PUPIL_CHECKS {
  check("ids", [](Trial& t) {
    t.describe("a system turn, two questions with their answers");
    t.same(conversation(t, "ids", kTwoAnswers, kLengths));
  });
  check("mask", [](Trial& t) {
    t.describe("a system turn, two questions with their answers");
    t.same(conversation(t, "mask", kTwoAnswers, kLengths));
  });
  check("prompt", [](Trial& t) {
    t.describe("a question, an answer, another question: now an answer is due");
    t.same(conversation(t, "prompt", {kUser, kAssistant, kUser}, {4, 2, 3}));
  });
  // BEGIN HIDDEN
  check("edges", [](Trial& t) {
    for (const char* what : {"ids", "mask", "prompt"}) {
      t.same(conversation(t, what, {kUser, kAssistant}, {0, 0})) &&
          t.same(conversation(t, what, {kUser}, {2})) &&
          t.same(conversation(t, what, {kUser, kAssistant, kAssistant}, {1, 2, 1}));
    }
  });
  // END HIDDEN
}
