#include "lessons/kit/check.h"

#include <cmath>
#include <utility>

using namespace pupil::kit;

namespace {

struct Sizes {
  std::int64_t n, m;
};

std::vector<Argument> point(Trial& t, Sizes s) {
  return {input("w", {s.m, s.n}, t.random.normals(s.m * s.n, 2.5 / std::sqrt(double(s.n)))),
          input("x", {s.n}, t.random.normals(s.n))};
}

// Both sides along a direction of about this length.
Call sides(Trial& t, Sizes s, double length) {
  Call call{"sides", point(t, s)};
  call.arguments.push_back(input("u", {s.n}, t.random.normals(s.n, length)));
  call.arguments.push_back(input("g", {s.m}, t.random.normals(s.m)));
  call.arguments.push_back(output("sides", {2}));
  return call;
}

// Which of seven rules are refuted? No try finds all that are wrong. The first `blind` ones have an
// upstream of ones, under which every gradient of a softmax is 0: they find only a rule that is not
// 0 there (not centred, leak). The others leave x_0 where it is, and so do not see the leak into
// it. Zero and twice are wrong by the same amount in opposite directions, so that without an
// absolute value one try finds one of the two.
Call verdicts(Trial& t, Sizes s, std::int64_t tries, std::int64_t blind) {
  std::vector<std::int32_t> rules = {0, 0, 1, 2, 3, 4, 5};
  for (std::size_t i = rules.size(); i > 1; --i) {
    std::swap(rules[i - 1], rules[std::size_t(t.random.below(std::int32_t(i)))]);
  }
  std::vector<double> u = t.random.normals(tries * s.n), g = t.random.normals(tries * s.m);
  for (std::int64_t i = 0; i < blind * s.m; ++i) g[std::size_t(i)] = 1;
  for (std::int64_t k = blind; k < tries; ++k) u[std::size_t(k * s.n)] = 0;
  Call call{"verdicts", point(t, s)};
  call.arguments.push_back(input("u", {tries, s.n}, u));
  call.arguments.push_back(input("g", {tries, s.m}, g));
  call.arguments.push_back(input_ids("rules", {7}, rules));
  call.arguments.push_back(output_ids("verdicts", {7}));
  return call;
}

}  // namespace

PUPIL_CHECKS {
  check("sides", [](Trial& t) {
    t.describe("y = softmax(W x), 13 numbers in, 5 out; the right rule");
    t.same(sides(t, {13, 5}, 1), 1e-7);
  });
  check("long-direction", [](Trial& t) {
    t.describe("a direction of length 10000");
    t.same(sides(t, {13, 5}, 1e4), 1e-7);
  });
  check("verdicts", [](Trial& t) {
    t.describe("7 rules, 2 of them right; 2 tries, each of which misses some of the wrong ones");
    t.same(verdicts(t, {13, 5}, 2, 1));
  });
  // BEGIN HIDDEN
  check("more-inputs", [](Trial& t) {
    t.same(sides(t, {2, 3}, 1e-3), 1e-7) && t.same(verdicts(t, {2, 3}, 5, 4)) &&
        t.same(verdicts(t, {211, 17}, 2, 0));
  });
  // END HIDDEN
}
