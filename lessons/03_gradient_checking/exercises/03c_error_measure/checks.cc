#include "lessons/kit/check.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace pupil::kit;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

struct Pair {
  std::int64_t rows, width;
  std::vector<double> a, n;
  std::vector<std::int32_t> zero;

  std::size_t place(std::int64_t i, std::int64_t j) const { return std::size_t(i * width + j); }
};

// Gradients of about 1 and a rule that is off by a few percent.
Pair draw(Trial& t, std::int64_t rows, std::int64_t width) {
  Pair p{rows, width, {}, t.random.normals(rows * width), {}};
  for (const double x : p.n) p.a.push_back(x * t.random.uniform(0.97, 1.03));
  p.zero.assign(p.n.size(), 0);
  return p;
}

Call errors(const Pair& p) {
  return {"errors",
          {input("a", {p.rows, p.width}, p.a), input("n", {p.rows, p.width}, p.n),
           input_ids("zero", {p.rows, p.width}, p.zero), output("error", {p.rows}),
           output_ids("at", {p.rows})}};
}

}  // namespace

PUPIL_CHECKS {
  check("ordinary", [](Trial& t) {
    t.describe("5 rows of 11; errors of a few percent, one small element, one too large, one sign");
    Pair p = draw(t, 5, 11);
    const auto somewhere = [&] { return std::int64_t(t.random.below(11)); };
    const std::size_t small = p.place(0, somewhere()), large = p.place(1, somewhere());
    const std::size_t turned = p.place(2, somewhere());
    p.n[small] = 1e-4, p.a[small] = 2e-4;  // below the floor: no mistake of twice, but rounding
    p.a[large] = 7 * p.n[large] + std::copysign(3, p.n[large]);
    p.n[turned] = 1.5, p.a[turned] = -p.n[turned];
    p.a[p.place(3, 2)] = p.n[p.place(3, 2)] * 1.4;  // the worst is not the last
    t.same(errors(p));
  });
  check("scales", [](Trial& t) {
    t.describe("3 rows: gradients of about 1e-6, 1 and 1e6");
    Pair p = draw(t, 3, 7);
    for (std::int64_t j = 0; j < 7; ++j) {
      p.a[p.place(0, j)] *= 1e-6, p.n[p.place(0, j)] *= 1e-6;
      p.a[p.place(2, j)] *= 1e6, p.n[p.place(2, j)] *= 1e6;
    }
    t.same(errors(p));
  });
  check("expected-zero", [](Trial& t) {
    t.describe("5 rows of 11; some elements must be 0, and one of them is 1e-9");
    Pair p = draw(t, 5, 11);
    for (std::int64_t i = 0; i < 5; ++i) {
      const std::int64_t masked = t.random.below(11);
      p.zero[p.place(i, masked)] = 1;
      p.a[p.place(i, masked)] = p.n[p.place(i, masked)] = 0;
      if (i == 3) p.a[p.place(i, masked)] = 1e-9;
    }
    t.same(errors(p));
  });
  check("not-a-number", [](Trial& t) {
    t.describe("5 rows of 11, a nan in the first, an infinity in the last");
    Pair p = draw(t, 5, 11);
    p.a[p.place(0, t.random.below(11))] = kNan;
    p.a[p.place(4, t.random.below(11))] = t.random.below(2) ? kInf : -kInf;
    t.same(errors(p));
  });
  // BEGIN HIDDEN
  check("empty-rows", [](Trial& t) {
    Pair right = draw(t, 3, 13);
    right.a = right.n;
    Pair zeros = draw(t, 2, 5);
    std::fill(zeros.n.begin(), zeros.n.end(), 0.0);
    zeros.a = zeros.n;
    zeros.a[7] = 1e-200;
    Pair one = draw(t, 7, 1);
    one.a[3] = kNan;
    one.zero[3] = 1;
    t.same(errors(right)) && t.same(errors(zeros)) && t.same(errors(one));
  });
  // END HIDDEN
}
