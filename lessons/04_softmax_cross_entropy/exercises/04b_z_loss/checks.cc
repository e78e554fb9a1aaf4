#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

struct Case {
  Call forward, backward;
};

// `before` is what dlogits holds when the function is called.
Case make_case(Trial& t, std::int64_t rows, std::int32_t width, double weight, double scale = 1,
               bool before = false) {
  const Argument z = input("logits", {rows, width}, t.random.normals(rows * width, scale));
  const Argument y = input_ids("targets", {rows}, t.random.integers(rows, width));
  const Argument w = input("weight", weight);
  t.constant("weight", weight);
  std::vector<double> start(std::size_t(rows * width), 0.0);
  if (before) start = t.random.normals(rows * width);
  return {{"loss", {z, y, w, output("loss", {rows})}},
          {"backward",
           {z, y, w, input("dloss", {rows}, t.random.normals(rows)),
            updated("dlogits", {rows, width}, start)}}};
}

}  // namespace

PUPIL_CHECKS {
  check("value", [](Trial& t) {
    t.describe("5 rows, a vocabulary of 11");
    t.same(make_case(t, 5, 11, t.random.uniform(0.2, 0.4)).forward);
  });
  check("shift", [](Trial& t) {
    t.describe("logits of about 1e4");
    t.same(make_case(t, 5, 11, 0.3, 1e4).forward);
  });
  check("gradient", [](Trial& t) {
    t.describe("5 rows, a vocabulary of 11");
    const Case c = make_case(t, 5, 11, t.random.uniform(0.2, 0.4));
    t.gradient(c.forward, c.backward);
  });
  check("added", [](Trial& t) {
    t.describe("dlogits holds numbers already");
    t.same(make_case(t, 5, 11, 0.3, 1, true).backward);
  });
  check("large", [](Trial& t) {
    t.describe("499 rows, a vocabulary of 1009");
    t.same(make_case(t, 499, 1009, 0.3).backward);
  });
  // BEGIN HIDDEN
  check("other-sizes", [](Trial& t) {
    for (const auto& [rows, width] : {std::pair{1, 2}, std::pair{13, 3}, std::pair{2, 29}}) {
      for (const double weight : {0.0, 0.5}) {
        const Case c = make_case(t, rows, width, weight);
        t.same(c.forward) && t.same(c.backward);
      }
    }
  });
  // END HIDDEN
}
