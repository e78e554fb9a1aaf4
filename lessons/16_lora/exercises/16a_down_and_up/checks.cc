#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

struct Case {
  Call forward, backward;
};

struct Sizes {
  std::int64_t n, in, rank, out;
};

Case make_case(Trial& t, Sizes z, double taken = 0.25) {
  std::vector<double> keep(std::size_t(z.n * z.in));
  for (double& k : keep) k = t.random.uniform() < taken ? 0 : 1 / (1 - taken);
  const double gamma = t.random.uniform(1.1, 2.9);
  t.constant("the scale gamma", gamma);
  t.constant("1 / (1 - p)", 1 / (1 - taken));
  const std::vector<Argument> inputs = {
      input("x", {z.n, z.in}, t.random.normals(z.n * z.in)), input("k", {z.n, z.in}, keep),
      input("d", {z.in, z.rank}, t.random.normals(z.in * z.rank)),
      input("u", {z.rank, z.out}, t.random.normals(z.rank * z.out)), input("gamma", gamma)};
  Case c{{"low_rank", inputs}, {"backward", inputs}};
  c.forward.arguments.push_back(output("y", {z.n, z.out}));
  c.backward.arguments.push_back(input("dy", {z.n, z.out}, t.random.normals(z.n * z.out)));
  c.backward.arguments.push_back(output("dx", {z.n, z.in}).zeros_exact());
  c.backward.arguments.push_back(output("dd", {z.in, z.rank}).zeros_exact());
  c.backward.arguments.push_back(output("du", {z.rank, z.out}));
  return c;
}

constexpr Sizes kSmall{5, 11, 3, 7};

}  // namespace

PUPIL_CHECKS {
  check("value", [](Trial& t) {
    t.describe("5 rows, from a width of 11 through rank 3 to a width of 7, p = 1/4");
    t.same(make_case(t, kSmall).forward);
  });
  check("gradient", [](Trial& t) {
    t.describe("5 rows, from a width of 11 through rank 3 to a width of 7, p = 1/4");
    const Case c = make_case(t, kSmall);
    t.gradient(c.forward, c.backward);
  });
  check("large", [](Trial& t) {
    t.describe("61 rows, from a width of 499 through rank 7 to a width of 307");
    t.same(make_case(t, {61, 499, 7, 307}).backward);
  });
  // BEGIN HIDDEN
  check("edges", [](Trial& t) {
    const Case one = make_case(t, {1, 7, 1, 5});
    t.same(one.forward) && t.same(one.backward);
    const Case nothing = make_case(t, kSmall, 0.999999999);
    t.same(nothing.forward) && t.same(nothing.backward);
  });
  // END HIDDEN
}
