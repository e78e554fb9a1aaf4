// Each hypothesis names the mistake it is for, and a right array gets none.
#include <gtest/gtest.h>

#include <cmath>

#include "course/hypotheses.h"
#include "lessons/kit/random.h"

namespace pupil::course {
namespace {

using Numbers = std::vector<double>;

constexpr std::int64_t kRows = 7, kWidth = 11;

Numbers right() { return kit::Random(3).normals(kRows * kWidth); }

std::string key_of(const Numbers& got, const Numbers& want, const Numbers& before = {}) {
  kit::Argument g = kit::output("dz", {kRows, kWidth}), w = g;
  g.numbers = got;
  w.numbers = want;
  const NamedNumbers constants = {{"supervised tokens", 5}, {"tokens", 7}};
  const auto found = explain_array({g, w, before, constants});
  return found.empty() ? "" : found[0].key + (found[0].certainty == "exact" ? "" : "?");
}

// The array that `change` makes of the right one, row by row and column by column.
template <class Change>
Numbers changed(Change change) {
  const Numbers n = right();
  Numbers a = n;
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t c = 0; c < kWidth; ++c) {
      a[std::size_t(r * kWidth + c)] = change(r, c, [&](std::int64_t i, std::int64_t j) {
        return n[std::size_t((i + kRows) % kRows * kWidth + (j + kWidth) % kWidth)];
      });
    }
  }
  return a;
}

TEST(Hypotheses, SayNothingAboutARightArray) { EXPECT_EQ(key_of(right(), right()), ""); }

TEST(Hypotheses, NameSignAndScale) {
  EXPECT_EQ(key_of(changed([](auto r, auto c, auto n) { return -n(r, c); }), right()), "sign");
  EXPECT_EQ(key_of(changed([](auto r, auto c, auto n) { return 5 * n(r, c); }), right()), "scale");
  EXPECT_EQ(key_of(changed([](auto r, auto c, auto n) { return n(r, c) / 7; }), right()), "scale");
  EXPECT_EQ(key_of(changed([](auto r, auto c, auto n) { return n(r, c) * 5 / 7; }), right()),
            "scale");
  EXPECT_EQ(key_of(changed([](auto r, auto c, auto n) { return 1.234 * n(r, c); }), right()),
            "scale?");
}

TEST(Hypotheses, NameShiftTransposeAndReversal) {
  EXPECT_EQ(key_of(changed([](auto r, auto c, auto n) { return n(r - 1, c); }), right()), "shift");
  EXPECT_EQ(key_of(changed([](auto r, auto c, auto n) { return n(r, c + 1); }), right()), "shift");
  const Numbers n = right();
  Numbers transposed(n.size());
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t c = 0; c < kWidth; ++c) transposed[c * kRows + r] = n[r * kWidth + c];
  }
  EXPECT_EQ(key_of(transposed, n), "transpose");
  EXPECT_EQ(key_of({n.rbegin(), n.rend()}, n), "reversed");
}

TEST(Hypotheses, NameALeakingMaskAndMissingRows) {
  Numbers masked = right();
  std::fill(masked.begin(), masked.begin() + 2 * kWidth, 0.0);
  EXPECT_EQ(key_of(right(), masked), "mask-leak");
  EXPECT_EQ(key_of(masked, right()), "missing-rows");
}

TEST(Hypotheses, NameWhatWasNotWrittenOrNotAdded) {
  const Numbers n = right(), before = kit::Random(9).normals(kRows * kWidth);
  Numbers sum = n;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += before[i];
  EXPECT_EQ(key_of(n, sum, before), "not-accumulated");
  EXPECT_EQ(key_of(before, sum, before), "unwritten");
  EXPECT_EQ(key_of(Numbers(n.size(), std::nan("")), n), "unwritten");
  EXPECT_EQ(key_of(Numbers(n.size(), 0.0), n), "zero");
  Numbers one = n;
  one[13] = std::nan("");
  EXPECT_EQ(key_of(one, n), "nonfinite");
}

TEST(Hypotheses, NameRowsColumnsAndMissingTerms) {
  EXPECT_EQ(
      key_of(changed([](auto r, auto c, auto n) { return n(r, c) * double(r + 2); }), right()),
      "row-scale?");
  EXPECT_EQ(
      key_of(changed([](auto r, auto c, auto n) { return n(r, c) + (c == kWidth - 1); }), right()),
      "one-column?");
  EXPECT_EQ(key_of(changed([](auto r, auto c, auto n) { return n(r, c) + (c == (3 * r) % 11); }),
                   right()),
            "one-in-a-row?");
  EXPECT_EQ(key_of(changed([](auto r, auto c, auto n) { return n(r, c) + 0.5 * double(r + 1); }),
                   right()),
            "centering?");
  EXPECT_EQ(
      key_of(changed([](auto r, auto c, auto n) { return r == 6 ? n(r, c) * n(r, c) : n(r, c); }),
             right()),
      "few-rows?");
}

TEST(Hypotheses, SayNothingWhenNothingFits) {
  EXPECT_EQ(key_of(kit::Random(4).normals(kRows * kWidth), right()), "");
}

}  // namespace
}  // namespace pupil::course
