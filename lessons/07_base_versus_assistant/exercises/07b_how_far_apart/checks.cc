#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

struct Case {
  Call forward, backward;
};

// Counts are least .. least + 6; w is between 0.25 and 0.4, never a half.
Case make_case(Trial& t, std::int64_t rows, std::int64_t width, std::int32_t least, double size = 1,
               double w = 0) {
  std::vector<std::int32_t> counts = t.random.integers(rows * width, 7);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t v = 0; v < width; ++v) counts[std::size_t(i * width + v)] += least;
    counts[std::size_t(i * width + t.random.below(std::int32_t(width)))] += 3;
  }
  if (w == 0) w = t.random.uniform(0.25, 0.4);
  t.constant("w", w);
  t.constant("1 - w", 1 - w);
  t.constant("log 2", 0.6931471805599453);
  const Argument z = input("logits", {rows, width}, t.random.normals(rows * width, size));
  const Argument c = input_ids("counts", {rows, width}, counts);
  return {{"divergences", {z, c, input("w", w), output("d", {rows})}},
          {"backward",
           {z, c, input("w", w), input("dd", {rows}, t.random.normals(rows)),
            output("dlogits", {rows, width})}}};
}

}  // namespace

PUPIL_CHECKS {
  check("value", [](Trial& t) {
    t.describe("5 situations, a vocabulary of 11, every token counted at least once");
    t.same(make_case(t, 5, 11, 1).forward);
  });
  check("unseen", [](Trial& t) {
    t.describe("5 situations, a vocabulary of 31, some tokens that nobody wanted");
    t.same(make_case(t, 5, 31, 0).forward);
  });
  check("gradient", [](Trial& t) {
    t.describe("5 situations, a vocabulary of 11, every token counted at least once");
    const Case c = make_case(t, 5, 11, 1);
    t.gradient(c.forward, c.backward);
  });
  check("far-logits", [](Trial& t) {
    t.describe("3 situations, a vocabulary of 31, logits of about 1000");
    const Case c = make_case(t, 3, 31, 1, 1000);
    t.same(c.forward) && t.same(c.backward);
  });
  check("large", [](Trial& t) {
    t.describe("211 situations, a vocabulary of 1009");
    t.same(make_case(t, 211, 1009, 0, 0.5).backward);
  });
  // BEGIN HIDDEN
  check("other-shares", [](Trial& t) {
    for (const double w : {0.5, 0.9, 0.01}) {
      const Case c = make_case(t, 3, 7, 0, 1, w);
      t.same(c.forward) && t.same(c.backward);
    }
    Case two = make_case(t, 3, 2, 0);
    for (Call* call : {&two.forward, &two.backward}) {
      call->at("counts").integers = {5, 0, 0, 1, 2, 2};
      t.same(*call);
    }
  });
  // END HIDDEN
}
