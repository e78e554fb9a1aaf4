#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

struct Case {
  Call forward, backward;
};

struct Sizes {
  std::int64_t vocabulary, width, length;
};

Case make_case(Trial& t, Sizes n, const std::vector<std::int32_t>& ids,
               const std::vector<std::int32_t>& tokens) {
  const auto m = std::int64_t(ids.size());
  const std::vector<Argument> inputs = {
      input("table", {n.vocabulary, n.width}, t.random.normals(n.vocabulary * n.width)),
      input("rows", {m, n.width}, t.random.normals(m * n.width)), input_ids("ids", {m}, ids),
      input_ids("tokens", {n.length}, tokens),
      input("h", {n.length, n.width}, t.random.normals(n.length * n.width))};
  Case c{{"tied", inputs}, {"backward", inputs}};
  c.forward.arguments.push_back(output("x", {n.length, n.width}));
  c.forward.arguments.push_back(output("z", {n.length, n.vocabulary}));
  c.backward.arguments.push_back(
      input("dx", {n.length, n.width}, t.random.normals(n.length * n.width)));
  c.backward.arguments.push_back(
      input("dz", {n.length, n.vocabulary}, t.random.normals(n.length * n.vocabulary)));
  c.backward.arguments.push_back(output("drows", {m, n.width}));
  c.backward.arguments.push_back(output("dh", {n.length, n.width}));
  return c;
}

constexpr Sizes kSmall{13, 5, 7};

// Tokens 9 and 4 train; 9 stands in the text three times, 4 once.
Case small_case(Trial& t) {
  t.describe("7 tokens, a vocabulary of 13, tokens 9 and 4 train; 9 is in the text three times");
  return make_case(t, kSmall, {9, 4}, {9, 2, 4, 9, 0, 12, 9});
}

}  // namespace

PUPIL_CHECKS {
  check("value", [](Trial& t) { t.same(small_case(t).forward); });
  check("gradient", [](Trial& t) {
    const Case c = small_case(t);
    t.gradient(c.forward, c.backward);
  });
  check("never-typed", [](Trial& t) {
    t.describe("7 tokens, none of them trains: rows 9 and 4 are rivals only");
    const Case c = make_case(t, kSmall, {9, 4}, {2, 2, 3, 0, 12, 5, 1});
    t.same(c.forward) && t.same(c.backward);
  });
  check("large", [](Trial& t) {
    t.describe("127 tokens, a vocabulary of 1009, a width of 97, 3 rows train");
    t.same(make_case(t, {1009, 97, 127}, {1008, 5, 77}, t.random.integers(127, 1009)).backward);
  });
  // BEGIN HIDDEN
  check("edges", [](Trial& t) {
    const Case all = make_case(t, {3, 5, 7}, {2, 0, 1}, {0, 1, 2, 2, 1, 0, 0});
    t.same(all.forward) && t.same(all.backward);
    const Case one = make_case(t, kSmall, {11}, {11, 11, 11, 11, 11, 11, 11});
    t.same(one.forward) && t.same(one.backward);
  });
  // END HIDDEN
}
