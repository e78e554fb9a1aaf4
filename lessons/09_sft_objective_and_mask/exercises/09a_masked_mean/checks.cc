#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

struct Case {
  Call forward, backward;
};

Case make_case(Trial& t, std::int64_t length, std::int32_t width, std::vector<std::int32_t> mask) {
  const Argument z = input("logits", {length, width}, t.random.normals(length * width, 1.5));
  const Argument x = input_ids("ids", {length}, t.random.integers(length, width));
  const Argument m = input_ids("mask", {length}, std::move(mask));
  const double dloss = t.random.uniform(1.1, 1.9);
  t.constant("the incoming gradient dloss", dloss);
  return {{"loss", {z, x, m, output("loss")}},
          {"backward",
           {z, x, m, input("dloss", dloss), output("dlogits", {length, width}).zeros_exact()}}};
}

// A prompt of 6 tokens, an answer of 3, two tokens behind it: 3 supervised of 11.
Case conversation(Trial& t) {
  t.describe("11 tokens, 3 of them supervised, a vocabulary of 13");
  t.constant("supervised tokens", 3);
  t.constant("tokens that are predicted", 10);
  return make_case(t, 11, 13, {0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0});
}

}  // namespace

PUPIL_CHECKS {
  check("value", [](Trial& t) { t.same(conversation(t).forward); });
  check("gradient", [](Trial& t) {
    const Case c = conversation(t);
    t.gradient(c.forward, c.backward);
  });
  check("nothing-supervised", [](Trial& t) {
    t.describe("7 tokens, none supervised");
    const Case c = make_case(t, 7, 5, {0, 0, 0, 0, 0, 0, 0});
    t.same(c.forward) && t.same(c.backward);
  });
  check("large", [](Trial& t) {
    t.describe("499 tokens, about 211 of them supervised, a vocabulary of 1009");
    std::vector<std::int32_t> mask = t.random.mask(499, 211);
    mask[0] = 0;
    t.same(make_case(t, 499, 1009, mask).backward);
  });
  // BEGIN HIDDEN
  check("first-token", [](Trial& t) {
    const Case set = make_case(t, 7, 5, {1, 0, 0, 1, 1, 0, 1});
    t.same(set.forward) && t.same(set.backward);
    const Case two = make_case(t, 2, 5, {1, 1});
    t.same(two.forward) && t.same(two.backward);
    const Case one = make_case(t, 1, 5, {1});
    t.same(one.forward) && t.same(one.backward);
  });
  // END HIDDEN
}
