#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

Call targets_of(Trial& t, const std::vector<std::int32_t>& parts) {
  const auto length = std::int64_t(parts.size());
  return {"targets",
          {input_ids("ids", {length}, t.random.integers(length, 1000)),
           input_ids("parts", {length}, parts), output_ids("targets", {length})}};
}

const std::vector<std::int32_t> kOneTurn = {0, 0, 0, 0, 0, 1, 1, 2, 0};
const std::vector<std::int32_t> kTwoTurns = {0, 0, 0, 1, 1, 1, 2, 0, 0, 0, 0, 1, 2};

}  // namespace

PUPIL_CHECKS {
  check("one-turn", [](Trial& t) {
    t.describe("a question and an answer of two words");
    t.same(targets_of(t, kOneTurn));
  });
  check("two-turns", [](Trial& t) {
    t.describe("two questions with their answers");
    t.same(targets_of(t, kTwoTurns));
  });
  check("count", [](Trial& t) {
    t.describe("two questions with their answers");
    Call call = targets_of(t, kTwoTurns);
    call.function = "count";
    call.arguments.push_back(output_ids("count"));
    t.same(call);
  });
  // BEGIN HIDDEN
  check("edges", [](Trial& t) {
    t.same(targets_of(t, {1, 2, 0, 0, 1, 2})) && t.same(targets_of(t, {1})) &&
        t.same(targets_of(t, {0, 0, 0}));
  });
  // END HIDDEN
}
