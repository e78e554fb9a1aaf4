#include "lessons/kit/check.h"

using namespace pupil::kit;

namespace {

struct Case {
  Call forward, backward;
};

// sizes[s] rows of slice s and `strays` of none, in random order.
Case make_case(Trial& t, const std::vector<int>& sizes, int strays, std::int64_t width) {
  std::vector<std::int32_t> slice(std::size_t(strays), -1);
  for (std::size_t s = 0; s < sizes.size(); ++s) {
    slice.insert(slice.end(), std::size_t(sizes[s]), std::int32_t(s));
    t.constant("rows of slice " + std::to_string(s), sizes[s]);
  }
  for (std::size_t i = slice.size(); i > 1; --i) {
    std::swap(slice[i - 1], slice[std::size_t(t.random.below(std::int32_t(i)))]);
  }
  const auto rows = std::int64_t(slice.size()), slices = std::int64_t(sizes.size());
  const Argument z = input("logits", {rows, width}, t.random.normals(rows * width, 1.5));
  const Argument y = input_ids("targets", {rows}, t.random.integers(rows, std::int32_t(width)));
  const Argument s = input_ids("slice", {rows}, slice);
  std::vector<double> dloss;
  for (std::int64_t i = 0; i < slices; ++i) {
    dloss.push_back((t.random.below(2) ? 1 : -1) * t.random.uniform(0.6, 1.9));
  }
  return {
      {"losses", {z, y, s, output("loss", {slices})}},
      {"backward",
       {z, y, s, input("dloss", {slices}, dloss), output("dlogits", {rows, width}).zeros_exact()}}};
}

Case three_slices(Trial& t) {
  t.describe("3 slices of 2, 3 and 7 rows, one row of none, a vocabulary of 11");
  return make_case(t, {2, 3, 7}, 1, 11);
}

}  // namespace

PUPIL_CHECKS {
  check("value", [](Trial& t) { t.same(three_slices(t).forward); });
  check("gradient", [](Trial& t) {
    const Case c = three_slices(t);
    t.gradient(c.forward, c.backward);
  });
  check("empty-slice", [](Trial& t) {
    t.describe("3 slices of 5, 0 and 2 rows, 4 rows of none");
    const Case c = make_case(t, {5, 0, 2}, 4, 7);
    t.same(c.forward) && t.same(c.backward);
  });
  check("large", [](Trial& t) {
    t.describe("5 slices, 421 rows in all, a vocabulary of 1009");
    t.same(make_case(t, {97, 13, 211, 29, 53}, 18, 1009).backward);
  });
  // BEGIN HIDDEN
  check("other-slices", [](Trial& t) {
    for (const auto& sizes : {std::vector<int>{3}, {1, 1}, {0}}) {
      const Case c = make_case(t, sizes, 2, 5);
      t.same(c.forward) && t.same(c.backward);
    }
  });
  // END HIDDEN
}
