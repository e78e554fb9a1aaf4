#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

struct Case {
  Call forward, backward;
};

Case make_case(Trial& t, std::int64_t n, std::int32_t width, std::int64_t n_end, double w) {
  const double dloss = t.random.uniform(1.1, 1.9);
  t.constant("the incoming gradient dloss", dloss);
  t.constant("the weight w", w);
  t.constant("the sum of the weights", double(n - n_end) + w * double(n_end));
  const std::vector<Argument> inputs = {input("z", {n, width}, t.random.normals(n * width, 1.5)),
                                        input_ids("y", {n}, t.random.integers(n, width)),
                                        input_ids("ends", {n}, t.random.mask(n, n_end)),
                                        input("w", w)};
  Case c{{"loss", inputs}, {"backward", inputs}};
  c.forward.arguments.push_back(output("loss"));
  c.backward.arguments.push_back(input("dloss", dloss));
  c.backward.arguments.push_back(output("dz", {n, width}));
  c.backward.arguments.push_back(output("dw"));
  return c;
}

Case seven(Trial& t) {
  t.describe("7 supervised rows, 2 of them ends, a vocabulary of 11");
  return make_case(t, 7, 11, 2, t.random.uniform(2.1, 4.9));
}

}  // namespace

PUPIL_CHECKS {
  check("share", [](Trial& t) {
    t.describe("3 ends among 17 tokens of content");
    t.same({"share",
            {input("share", t.random.uniform(0.3, 0.8)), integer_input("ends", 3),
             integer_input("content", 17), output("w")}});
  });
  check("value", [](Trial& t) { t.same(seven(t).forward); });
  check("gradient", [](Trial& t) {
    const Case c = seven(t);
    t.gradient(c.forward, c.backward);
  });
  check("large", [](Trial& t) {
    t.describe("211 rows, 23 of them ends, a vocabulary of 1009");
    t.same(make_case(t, 211, 1009, 23, 3.5).backward);
  });
  // BEGIN HIDDEN
  check("edges", [](Trial& t) {
    for (const std::int64_t n_end : {2, 0, 5}) {
      const Case c = make_case(t, 5, 7, n_end, n_end == 2 ? 0 : 2.5);
      t.same(c.forward) && t.same(c.backward);
    }
  });
  // END HIDDEN
}
