// clamp, where, swiglu, bias and its column sums against their definitions.
#include "kernels/bias.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/elementwise.h"
#include "kernels/parallel.h"
#include "tests/fenced.h"
#include "tests/run_self.h"

namespace pupil {
namespace {

using test::Fenced, test::uniform;

template <class T>
class KernelsOf : public testing::Test {};
using Elements = testing::Types<float, double>;
TYPED_TEST_SUITE(KernelsOf, Elements);

template <class T>
constexpr double kTolerance = sizeof(T) == 4 ? 4e-6 : 1e-14;

const std::int64_t kSizes[] = {1, 3, 7, 15, 17, 33, cpu::kElementwiseTile + 3};

TYPED_TEST(KernelsOf, FillScaleAndAccumulate) {
  using T = TypeParam;
  for (const std::int64_t n : kSizes) {
    const Fenced<T> x(uniform(n, -2, 2, 1)), y(n);
    cpu::fill<T>(y.data(), T(-0.0), n);
    for (std::int64_t i = 0; i < n; ++i) ASSERT_TRUE(y[i] == 0 && std::signbit(y[i]));
    cpu::scale<T>(y.data(), T(3), x.data(), n);
    for (std::int64_t i = 0; i < n; ++i) ASSERT_EQ(y[i], T(3) * x[i]);
    cpu::accumulate<T>(y.data(), T(-2), x.data(), n);
    for (std::int64_t i = 0; i < n; ++i) ASSERT_NEAR(y[i], x[i], kTolerance<T>);
  }
}

TYPED_TEST(KernelsOf, ClampLetsTheGradientPassOnItsBorders) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const Fenced<T> x(std::vector<T>{-2, -1, T(0.5), 2, 3, nan}), y(6), d(6, T(1)), dx(6, T(10));
  cpu::clamp_forward<T>(y.data(), x.data(), -1, 2, 6);
  const T want[] = {-1, -1, T(0.5), 2, 2}, slope[] = {0, 1, 1, 1, 0};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(y[i], want[i]);
  EXPECT_TRUE(std::isnan(y[5]));
  cpu::clamp_backward<T>(dx.data(), false, d.data(), x.data(), -1, 2, 6);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(dx[i], slope[i]);
  cpu::clamp_backward<T>(dx.data(), true, d.data(), x.data(), -1, 2, 6);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(dx[i], 2 * slope[i]);
}

TYPED_TEST(KernelsOf, WhereTakesEachElementFromOneSideAndSendsItsGradientThere) {
  using T = TypeParam;
  for (const std::int64_t n : kSizes) {
    const Fenced<T> a(uniform(n, 1, 2, 1)), b(uniform(n, -2, -1, 2)), d(uniform(n, -1, 1, 3));
    const Fenced<T> y(n), da(n, T(10)), db(n, T(10));
    const Fenced<std::int32_t> condition(n);
    for (std::int64_t i = 0; i < n; ++i) condition[i] = i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : -7;
    cpu::where_forward<T>(y.data(), condition.data(), a.data(), b.data(), n);
    cpu::where_backward<T>(da.data(), false, db.data(), true, d.data(), condition.data(), n);
    for (std::int64_t i = 0; i < n; ++i) {
      ASSERT_EQ(y[i], condition[i] ? a[i] : b[i]);
      ASSERT_EQ(da[i], condition[i] ? d[i] : 0);
      ASSERT_EQ(db[i], condition[i] ? 10 : 10 + d[i]);
    }
    cpu::where_backward<T>(nullptr, false, db.data(), false, d.data(), condition.data(), n);
    cpu::where_backward<T>(da.data(), true, nullptr, false, d.data(), condition.data(), n);
    ASSERT_EQ(da[n - 1], condition[n - 1] ? d[n - 1] + d[n - 1] : 0);
    ASSERT_EQ(db[n - 1], condition[n - 1] ? 0 : d[n - 1]);
  }
}

double silu(double x) { return x / (1 + std::exp(-x)); }

TYPED_TEST(KernelsOf, SwigluIsSiluOfTheGateTimesTheRest) {
  using T = TypeParam;
  for (const std::int64_t n : kSizes) {
    const Fenced<T> gate(uniform(n, -4, 4, 1)), up(uniform(n, -2, 2, 2)), d(uniform(n, -1, 1, 3));
    const Fenced<T> y(n), dgate(n), dup(n, T(10));
    cpu::swiglu_forward<T>(y.data(), gate.data(), up.data(), n);
    cpu::swiglu_backward<T>(dgate.data(), false, dup.data(), true, d.data(), gate.data(), up.data(),
                            n);
    for (std::int64_t i = 0; i < n; ++i) {
      const double g = gate[i], u = up[i], h = 1e-5;
      ASSERT_NEAR(y[i], silu(g) * u, 4 * kTolerance<T>);
      const double slope = (silu(g + h) - silu(g - h)) / (2 * h);
      ASSERT_NEAR(dgate[i], d[i] * u * slope, sizeof(T) == 4 ? 1e-5 : 1e-8);
      ASSERT_NEAR(dup[i], 10 + d[i] * silu(g), 4 * kTolerance<T>);
    }
  }
}

TYPED_TEST(KernelsOf, BiasGeluIsTheSumAndThenTheFunctionRowByRow) {
  using T = TypeParam;
  for (const auto& [rows, width, stride] :
       {std::array<std::int64_t, 3>{1, 1, 1}, {3, 33, 33}, {65, 17, 20}, {5, 8000, 8000}}) {
    const std::int64_t n = (rows - 1) * stride + width;
    const Fenced<T> x(uniform(n, -3, 3, 1)), bias(uniform(width, -1, 1, 2));
    const Fenced<T> d(uniform(n, -1, 1, 3)), y(n, T(9)), dx(n, T(9)), sum(1), want(1), slope(1);
    const View<T> in{x.data(), rows, width, stride}, out{y.data(), rows, width, stride};
    const View<T> dout{d.data(), rows, width, stride}, dinp{dx.data(), rows, width, stride};
    cpu::bias_gelu_forward<T>(out, in, bias.data());
    cpu::bias_gelu_backward<T>(dinp, true, dout, in, bias.data());
    for (std::int64_t k = 0; k < n; ++k) {
      const std::int64_t j = k % stride;
      if (j >= width) {  // between the rows
        ASSERT_EQ(y[k], 9);
        ASSERT_EQ(dx[k], 9);
        continue;
      }
      sum[0] = x[k] + bias[j];
      cpu::unary_forward<cpu::GeluTanh, T>(want.data(), sum.data(), 1);
      cpu::unary_backward<cpu::GeluTanh, T>(slope.data(), false, &d[k], sum.data(), nullptr, 1);
      ASSERT_NEAR(y[k], want[0], kTolerance<T>);
      ASSERT_NEAR(dx[k], 9 + slope[0], kTolerance<T>);
    }
    cpu::add_bias<T>(in, bias.data());
    cpu::unary_forward<cpu::GeluTanh, T>(want.data(), x.data(), 1);
    ASSERT_NEAR(y[0], want[0], kTolerance<T>);
  }
}

TYPED_TEST(KernelsOf, ColumnSumAddsUpEveryRowAndGivesTheSameBitsForEveryNumberOfThreads) {
  using T = TypeParam;
  const int before = threads();
  for (const std::int64_t rows : {1, 3, 4, 63, 64, 65, 129, 1000}) {
    for (const std::int64_t width : {1, 5, 33, 64, 300, 2049}) {
      const std::int64_t stride = width + 2, n = (rows - 1) * stride + width;
      const Fenced<T> x(uniform(n, -1, 1, unsigned(rows))), out(width, T(100)), same(width, T(100));
      const View<const T> view{x.data(), rows, width, stride};
      set_threads(1);
      cpu::column_sum<T>(out.data(), view, true);
      for (std::int64_t j = 0; j < width; ++j) {
        long double want = 100;
        for (std::int64_t i = 0; i < rows; ++i) want += x[i * stride + j];
        ASSERT_NEAR(out[j], double(want), kTolerance<T> * 50)
            << rows << " x " << width << ", column " << j;
      }
      set_threads(2);
      cpu::column_sum<T>(same.data(), view, true);
      ASSERT_EQ(std::memcmp(out.data(), same.data(), std::size_t(width) * sizeof(T)), 0);
      cpu::column_sum<T>(same.data(), view, false);
      ASSERT_NEAR(same[0], out[0] - 100, kTolerance<T> * 50);
    }
  }
  set_threads(before);
}

TEST(Kernels, HoldOnEveryInstructionSetOfThisMachine) { test::expect_on_lower_sets("KernelsOf*"); }

}  // namespace
}  // namespace pupil
