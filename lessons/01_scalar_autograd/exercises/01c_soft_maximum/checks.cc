#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

using Numbers = std::vector<double>;

Numbers uniforms(Random& random, std::int64_t n, double low, double high) {
  Numbers x(static_cast<std::size_t>(n));
  for (double& v : x) v = random.uniform(low, high);
  return x;
}

struct Case {
  Call forward, backward;
};

// `gap`: how many softnesses b may be away from a.
Case make_case(Trial& t, std::int64_t n, double gap, double middle = 0, double softness = 0.4) {
  const Numbers s = uniforms(t.random, n, softness, 2 * softness);
  Numbers a = t.random.normals(n), b = a;
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] += middle;
    b[i] = a[i] + s[i] * t.random.uniform(-gap, gap);
  }
  const Argument in_a = input("a", {n}, a), in_b = input("b", {n}, b), in_s = input("s", {n}, s);
  const Numbers zeros(std::size_t(n), 0.0);
  return {{"value", {in_a, in_b, in_s, output("y", {n})}},
          {"rule",
           {in_a, in_b, in_s, input("dy", {n}, t.random.normals(n)), updated("da", {n}, zeros),
            updated("db", {n}, zeros), updated("ds", {n}, zeros)}}};
}

}  // namespace

PUPIL_CHECKS {
  check("value", [](Trial& t) {
    t.describe("11 pairs, softness 0.4 to 0.8");
    t.same(make_case(t, 11, 3).forward);
  });
  check("stable", [](Trial& t) {
    t.describe("operands of about 1e4");
    t.same(make_case(t, 11, 3, 1e4).forward, 1e-12);
  });
  check("gradient", [](Trial& t) {
    t.describe("11 pairs, softness 0.4 to 0.8");
    const Case c = make_case(t, 11, 3);
    t.gradient(c.forward, c.backward);
  });
  check("same-operand", [](Trial& t) {
    t.describe("soft_maximum(x, x, s): da and db are one number");
    const Numbers x = t.random.normals(7), s = uniforms(t.random, 7, 0.4, 0.8);
    t.same({"rule of one operand",
            {input("x", {7}, x), input("s", {7}, s), input("dy", {7}, t.random.normals(7)),
             updated("dx", {7}, t.random.normals(7)), updated("ds", {7}, t.random.normals(7))}});
  });
  check("exact", [](Trial& t) {
    t.describe("10007 pairs, softness 0.02 to 0.04, to eleven digits");
    t.same(make_case(t, 10007, 3, 0, 0.02).backward, 1e-11);
  });
  // BEGIN HIDDEN
  check("far-apart", [](Trial& t) {
    const Case c = make_case(t, 13, 4000);
    t.same(c.forward) && t.same(c.backward) && t.same(make_case(t, 13, 3, -1e5).backward);
  });
  // END HIDDEN
}
