// Vec: every lane computes what a number would, on the instruction set that all machines have (the
// others run the same tests through the kernels: elementwise_test, math_test).
#include "kernels/simd.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace pupil::cpu::baseline {
namespace {

template <class T>
class VecOf : public testing::Test {};
using Elements = testing::Types<float, double>;
TYPED_TEST_SUITE(VecOf, Elements);

template <class T>
std::vector<T> lanes(Vec<T> v) {
  std::vector<T> r(Vec<T>::kLanes);
  v.store(r.data());
  return r;
}
template <class T>
Vec<T> counting(T first, T step) {
  std::vector<T> r(Vec<T>::kLanes);
  for (std::size_t i = 0; i < r.size(); ++i) r[i] = first + step * T(i);
  return Vec<T>::load(r.data());
}

TYPED_TEST(VecOf, ComputesLaneByLane) {
  using T = TypeParam;
  const Vec<T> a = counting<T>(-2, 1.25), b = counting<T>(1, -0.75);
  for (int i = 0; i < Vec<T>::kLanes; ++i) {
    const T x = a.lane(i), y = b.lane(i);
    EXPECT_EQ((a + b).lane(i), x + y);
    EXPECT_EQ((a - b).lane(i), x - y);
    EXPECT_EQ((a * b).lane(i), x * y);
    EXPECT_EQ((a / b).lane(i), x / y);
    EXPECT_EQ((-a).lane(i), -x);
    EXPECT_EQ(fma(a, b, a).lane(i), x * y + x);
    EXPECT_EQ(min(a, b).lane(i), std::min(x, y));
    EXPECT_EQ(max(a, b).lane(i), std::max(x, y));
    EXPECT_EQ(abs(a).lane(i), std::abs(x));
    EXPECT_EQ(sqrt(abs(a)).lane(i), std::sqrt(std::abs(x)));
    EXPECT_EQ(copysign(a, b).lane(i), std::copysign(x, y));
    EXPECT_EQ(select(a < b, a, b * T(2)).lane(i), x < y ? x : y * 2);
    EXPECT_EQ(round_even(a).lane(i), std::nearbyint(x));
  }
}

TYPED_TEST(VecOf, KeepsTheSignOfZeroAndTheNanOfTheSecondOperand) {
  using T = TypeParam;
  EXPECT_TRUE(std::signbit(Vec<T>(T(-0.0)).lane(0)));
  const T nan = std::numeric_limits<T>::quiet_NaN();
  EXPECT_TRUE(std::isnan(max(Vec<T>(T(0)), Vec<T>(nan)).lane(0)));
  EXPECT_TRUE(std::isnan(min(Vec<T>(T(0)), Vec<T>(nan)).lane(0)));
  EXPECT_EQ(max(Vec<T>(nan), Vec<T>(T(0))).lane(0), T(0));
  // The scalar twins agree.
  EXPECT_TRUE(std::isnan(cpu::max(T(0), nan)));
  EXPECT_EQ(cpu::max(nan, T(0)), T(0));
  EXPECT_TRUE(std::isnan(cpu::min(T(0), nan)));
}

TYPED_TEST(VecOf, LoadsAndStoresAPart) {
  using T = TypeParam;
  constexpr int kLanes = Vec<T>::kLanes;
  for (int n = 0; n <= kLanes; ++n) {
    std::vector<T> from(n), to(kLanes, T(-1));
    for (int i = 0; i < n; ++i) from[i] = T(i + 1);
    const Vec<T> v = Vec<T>::load_partial(from.data(), n, T(7));
    for (int i = 0; i < kLanes; ++i) EXPECT_EQ(v.lane(i), i < n ? T(i + 1) : T(7));
    v.store_partial(to.data(), n);
    for (int i = 0; i < kLanes; ++i) EXPECT_EQ(to[i], i < n ? T(i + 1) : T(-1));
  }
}

TYPED_TEST(VecOf, ReducesInAFixedOrder) {
  using T = TypeParam;
  // Lanes l and l + half first: with these values any other order rounds differently.
  std::vector<T> x(Vec<T>::kLanes, T(1));
  const T big = T(1) / std::numeric_limits<T>::epsilon() * 4;
  x.front() = big;
  x[x.size() / 2] = -big;
  EXPECT_EQ(reduce_add(Vec<T>::load(x.data())), T(x.size() - 2));
  EXPECT_EQ(reduce_max(counting<T>(-5, -1)), T(-5));
  EXPECT_EQ(reduce_max(counting<T>(-50, 1)), T(-51 + Vec<T>::kLanes));
}

TYPED_TEST(VecOf, WalksEveryElementOnce) {
  using T = TypeParam;
  for (std::int64_t n = 0; n < 40; ++n) {
    std::vector<T> x(n, T(1));
    for_vectors<T>(n / 3, n, [&](auto at) { at.store(x.data(), at.load(x.data()) + T(1)); });
    for (std::int64_t i = 0; i < n; ++i) EXPECT_EQ(x[i], i < n / 3 ? T(1) : T(2));
  }
}

TYPED_TEST(VecOf, ScalesByPowersOfTwoIntoTheSubnormals) {
  using T = TypeParam;
  const int lowest = sizeof(T) == 4 ? -149 : -1074, highest = sizeof(T) == 4 ? 127 : 1023;
  for (int n = lowest - 2; n <= highest + 1; ++n) {
    const T want = T(std::ldexp(1.25L, n));
    EXPECT_EQ(scale_by_power_of_2(Vec<T>(T(1.25)), Vec<T>(T(n))).lane(0), want) << n;
    EXPECT_EQ(scale_by_power_of_2(T(1.25), T(n)), want) << n;
  }
}

}  // namespace
}  // namespace pupil::cpu::baseline
