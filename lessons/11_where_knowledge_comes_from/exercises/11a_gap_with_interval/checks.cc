#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

// Slice s has sizes[s] questions, right[s] of them right; in random order.
Call shares(Trial& t, const std::vector<int>& sizes, const std::vector<int>& right, double z) {
  std::vector<std::int32_t> slice, hit;
  for (std::size_t s = 0; s < sizes.size(); ++s) {
    for (int i = 0; i < sizes[s]; ++i) {
      slice.push_back(std::int32_t(s));
      hit.push_back(i < right[s]);
    }
  }
  for (std::size_t i = slice.size(); i > 1; --i) {
    const auto j = std::size_t(t.random.below(std::int32_t(i)));
    std::swap(slice[i - 1], slice[j]);
    std::swap(hit[i - 1], hit[j]);
  }
  const auto n = std::int64_t(slice.size()), s = std::int64_t(sizes.size());
  return {"shares",
          {input_ids("right", {n}, hit), input_ids("slice", {n}, slice), input("z", z),
           output("p", {s}), output("low", {s}), output("high", {s})}};
}

Call three_slices(Trial& t) {
  t.describe("3 slices of 13, 7 and 23 questions, some of each right");
  return shares(t, {13, 7, 23},
                {1 + t.random.below(4), 3 + t.random.below(3), 16 + t.random.below(6)},
                t.random.uniform(1.7, 2.6));
}

// A share with an interval that is not symmetric around it.
Argument any_share(Trial& t, const char* name) {
  const double p = t.random.uniform(0.2, 0.8);
  return input(name, {3}, {p, p - t.random.uniform(0.02, 0.2), p + t.random.uniform(0.02, 0.2)});
}

Call any_gap(Trial& t) {
  return {"gap",
          {any_share(t, "a"), any_share(t, "b"), output("d"), output("low"), output("high")}};
}

}  // namespace

PUPIL_CHECKS {
  check("shares", [](Trial& t) { t.same(three_slices(t)); });
  check("all-or-none", [](Trial& t) {
    t.describe("none right of 7, all right of 11, some of 13");
    t.same(shares(t, {7, 11, 13}, {0, 11, 5}, 1.96));
  });
  check("gap", [](Trial& t) {
    t.describe("two shares with intervals that are not symmetric");
    t.same(any_gap(t));
  });
  // BEGIN HIDDEN
  check("empty-slices", [](Trial& t) {
    t.same(shares(t, {0, 1, 5, 0, 1}, {0, 1, 2, 0, 0}, 1)) && t.same(any_gap(t)) &&
        t.same(shares(t, {192, 192}, {185, 12}, 1.959963984540054));
  });
  // END HIDDEN
}
