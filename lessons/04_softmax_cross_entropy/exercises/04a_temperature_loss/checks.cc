#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

struct Case {
  Call forward, backward;
};

Case make_case(Trial& t, std::int64_t rows, std::int32_t width, double scale = 1) {
  const auto logits = t.random.normals(rows * width, scale);
  const auto targets = t.random.integers(rows, width);
  const double tau = t.random.uniform(0.6, 1.7), dloss = t.random.uniform(1.1, 1.9);
  t.constant("the incoming gradient dloss", dloss);
  t.constant("tau", tau);
  const Argument z = input("logits", {rows, width}, logits);
  const Argument y = input_ids("targets", {rows}, targets);
  return {{"loss", {z, y, input("tau", tau), output("loss")}},
          {"backward",
           {z, y, input("tau", tau), input("dloss", dloss), output("dlogits", {rows, width}),
            output("dtau")}}};
}

}  // namespace

PUPIL_CHECKS {
  check("value", [](Trial& t) {
    t.describe("5 rows, a vocabulary of 11");
    t.same(make_case(t, 5, 11).forward);
  });
  check("stable", [](Trial& t) {
    t.describe("logits of about 1e4");
    t.same(make_case(t, 5, 11, 1e4).forward);
  });
  check("gradient", [](Trial& t) {
    t.describe("5 rows, a vocabulary of 11");
    const Case c = make_case(t, 5, 11);
    t.gradient(c.forward, c.backward);
  });
  check("large", [](Trial& t) {
    t.describe("499 rows, a vocabulary of 1009");
    t.same(make_case(t, 499, 1009).backward);
  });
  // BEGIN HIDDEN
  check("one-class", [](Trial& t) {
    for (const auto& [rows, width] : {std::pair{3, 1}, std::pair{1, 17}, std::pair{13, 2}}) {
      const Case c = make_case(t, rows, width);
      t.same(c.forward) && t.same(c.backward);
    }
  });
  // END HIDDEN
}
