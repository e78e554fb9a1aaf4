#include "lessons/kit/check.h"

#include <cmath>

using namespace pupil::kit;

namespace {

constexpr double kTolerance = 1e-8;  // a forward difference misses by 1e-6

// n numbers of about `size`, positive and negative; `zeros` of them are 0.
Call difference(Trial& t, std::int64_t n, double size, std::int64_t zeros = 0) {
  std::vector<double> x, lengths, heights;
  for (std::int64_t i = 0; i < n; ++i) {
    lengths.push_back(size * t.random.uniform(0.7, 1.4));
    heights.push_back((t.random.below(2) ? 1 : -1) * t.random.uniform(0.5, 1));
    const double sign = t.random.below(2) ? 1 : -1;
    x.push_back(i < zeros ? 0 : sign * lengths.back() * t.random.uniform(0.3, 3));
  }
  return {"difference",
          {input("x", {n}, x), input("heights", {n}, heights), input("lengths", {n}, lengths),
           input("size", size), input("typical", {n}, lengths), output("dx", {n})}};
}

// How many numbers of x are not what they were before.
Call count_moved(Call call) {
  call.function = "count moved";
  call.arguments.pop_back();
  call.arguments.push_back(output_ids("moved"));
  return call;
}

}  // namespace

PUPIL_CHECKS {
  check("ordinary", [](Trial& t) {
    t.describe("a function of 11 numbers around 1");
    t.same(difference(t, 11, 1), kTolerance);
  });
  check("sizes", [](Trial& t) {
    t.describe("7 numbers of about 1e6, then 7 of about 1e-4");
    t.same(difference(t, 7, 1e6), kTolerance) && t.same(difference(t, 7, 1e-4), kTolerance);
  });
  check("zero", [](Trial& t) {
    t.describe("7 numbers, 3 of them 0");
    t.same(difference(t, 7, 1, 3), kTolerance);
  });
  check("restored", [](Trial& t) {
    t.describe("199 numbers: how many came back changed?");
    t.same(count_moved(difference(t, 199, 1)));
  });
  // BEGIN HIDDEN
  check("one-number", [](Trial& t) {
    t.same(difference(t, 1, 1), kTolerance) && t.same(difference(t, 101, 30), kTolerance) &&
        t.same(difference(t, 5, 1e-7, 2), kTolerance);
  });
  // END HIDDEN
}
