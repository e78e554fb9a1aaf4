#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

struct Case {
  Call forward, backward;
};

// T rows of V logits; `sure`: the logit of the first end, where it is not drawn like the others.
Case make_case(Trial& t, std::int64_t length, std::int32_t width, double sure = 0) {
  const std::int32_t e0 = t.random.below(width / 2), e1 = width / 2 + t.random.below(width / 2);
  std::vector<double> z = t.random.normals(length * width);
  for (std::int64_t row = 0; row < length; ++row) {
    z[std::size_t(row * width + e0)] += 1;  // ends weigh enough to be seen
    z[std::size_t(row * width + e1)] += 1;
    if (sure > 0) z[std::size_t(row * width + e0)] = sure;
  }
  const double dlog_s = t.random.uniform(1.1, 1.9);
  t.constant("the incoming gradient dlog_s", dlog_s);
  const std::vector<Argument> inputs = {input("z", {length, width}, std::move(z)),
                                        integer_input("e0", e0), integer_input("e1", e1)};
  Case c{{"log_runs_on", inputs}, {"backward", inputs}};
  c.forward.arguments.push_back(output("log_s"));
  c.backward.arguments.push_back(input("dlog_s", dlog_s));
  c.backward.arguments.push_back(output("dz", {length, width}));
  return c;
}

// 11 ids without an end, then ends (1: e0, 2: e1) at these places.
Call row_with(Trial& t, const std::vector<std::pair<std::int32_t, std::int32_t>>& ends) {
  const std::int32_t e0 = 100 + t.random.below(100), e1 = 300 + t.random.below(100);
  std::vector<std::int32_t> ids = t.random.integers(11, 90);
  for (const auto& [place, which] : ends) ids[std::size_t(place)] = which == 1 ? e0 : e1;
  return {"cut",
          {input_ids("ids", {11}, ids), integer_input("e0", e0), integer_input("e1", e1),
           output_ids("length"), output_ids("reason")}};
}

}  // namespace

PUPIL_CHECKS {
  check("cut", [](Trial& t) {
    t.describe("11 ids; the second kind of end stands at 4 and at 8");
    if (!t.same(row_with(t, {{4, 2}, {8, 2}}))) return;
    t.describe("11 ids; the first kind of end stands at 3 and at 9, the second at 6");
    if (!t.same(row_with(t, {{3, 1}, {6, 2}, {9, 1}}))) return;
    t.describe("11 ids without an end");
    t.same(row_with(t, {}));
  });
  check("value", [](Trial& t) {
    t.describe("5 positions, a vocabulary of 11");
    t.same(make_case(t, 5, 11).forward);
  });
  check("gradient", [](Trial& t) {
    t.describe("5 positions, a vocabulary of 11");
    const Case c = make_case(t, 5, 11);
    t.gradient(c.forward, c.backward);
  });
  check("nearly-sure", [](Trial& t) {
    t.describe("3 positions where the end has a probability of 1 - 1e-15 or so");
    const Case c = make_case(t, 3, 7, 36);
    t.same(c.forward) && t.same(c.backward);
  });
  check("large", [](Trial& t) {
    t.describe("127 positions, a vocabulary of 1009");
    t.same(make_case(t, 127, 1009).backward);
  });
  // BEGIN HIDDEN
  check("edges", [](Trial& t) {
    t.same(row_with(t, {{0, 1}})) && t.same(row_with(t, {{0, 2}})) &&
        t.same(row_with(t, {{10, 1}}));
  });
  // END HIDDEN
}
