// How far kernels/math.h is from the true values: over all binades, for numbers, for the vectors of
// the baseline, and, through the kernels, for those of the active instruction set.
#include "kernels/math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

#include "kernels/elementwise.h"
#include "kernels/simd.h"
#include "tests/run_self.h"

namespace pupil {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// |got - want| in units of the last place of want, those of the smallest numbers below them.
template <class T>
double ulps(T got, long double want) {
  const T rounded = T(want);
  if (std::isnan(rounded) || std::isnan(got))
    return std::isnan(rounded) && std::isnan(got) ? 0 : kInf;
  if (std::isinf(rounded) || std::isinf(got)) return rounded == got ? 0 : kInf;
  int exponent;
  std::frexp(rounded, &exponent);
  using Limits = std::numeric_limits<T>;
  exponent = std::max(exponent, Limits::min_exponent);
  return double(std::abs(got - want) / std::ldexp(1.0L, exponent - Limits::digits));
}

// Numbers from low to high: some of every binade, the subnormal ones included, and evenly spaced
// ones.
template <class T>
std::vector<T> sweep(double low, double high) {
  using Limits = std::numeric_limits<T>;
  std::vector<T> xs;
  const auto take = [&](double x) {
    if (low <= x && x <= high) xs.push_back(T(x));
  };
  const int steps = sizeof(T) == 4 ? 150 : 30;
  for (int e = Limits::min_exponent - Limits::digits; e <= Limits::max_exponent; ++e) {
    for (int k = 0; k < steps; ++k) {
      const double x = std::ldexp(1 + (k + 0.37 * (k % 3)) / steps, e - 1);
      take(x);
      take(-x);
    }
  }
  const double from = std::max(low, -1e4), to = std::min(high, 1e4);
  for (int k = 0; k < 60000; ++k) take(from + (to - from) * (k + 0.5) / 60000);
  for (int k = 0; k < 20000; ++k) take(-2 + 4 * (k + 0.5) / 20000);
  return xs;
}

struct Law {
  const char* name;
  double low, high, bound;
};

// f maps a list of T to a list of T.
template <class T, class F, class Reference>
void expect_within(const Law& law, const char* form, F f, Reference reference) {
  const std::vector<T> xs = sweep<T>(law.low, law.high);
  std::vector<T> ys(xs.size());
  f(ys, xs);
  double worst = 0;
  T where = 0;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const double error = ulps(ys[i], reference((long double)xs[i]));
    if (error > worst) worst = error, where = xs[i];
  }
  std::printf("  %-8s %-6s %-8s %5.3f ulp, at %.9g\n", law.name,
              sizeof(T) == 4 ? "float" : "double", form, worst, double(where));
  EXPECT_LE(worst, law.bound) << law.name << " at " << where;
}

// One formula f, generic in its value type, as numbers and as vectors.
template <class T, class F, class Reference>
void expect_formula_within(const Law& law, F f, Reference reference) {
  expect_within<T>(
      law, "number",
      [&](std::vector<T>& ys, const std::vector<T>& xs) {
        for (std::size_t i = 0; i < xs.size(); ++i) ys[i] = f(xs[i]);
      },
      reference);
  expect_within<T>(
      law, "vector",
      [&](std::vector<T>& ys, const std::vector<T>& xs) {
        cpu::baseline::for_vectors<T>(std::int64_t(xs.size()),
                                      [&](auto at) { at.store(ys.data(), f(at.load(xs.data()))); });
      },
      reference);
}

template <class F, class T, class Reference>
void expect_kernel_within(const Law& law, Reference reference) {
  expect_within<T>(
      law, isa_name(active_isa()),
      [](std::vector<T>& ys, const std::vector<T>& xs) {
        cpu::unary_forward<F, T>(ys.data(), xs.data(), std::int64_t(xs.size()));
      },
      reference);
}

template <class T>
class MathOf : public testing::Test {};
using Elements = testing::Types<float, double>;
TYPED_TEST_SUITE(MathOf, Elements);

TYPED_TEST(MathOf, ExpIsWithin1Point1Ulp) {
  const auto f = [](auto x) { return cpu::exp(x); };
  const auto want = [](long double x) { return std::exp(x); };
  const Law law{"exp", -kInf, kInf, 1.1};
  expect_formula_within<TypeParam>(law, f, want);
  expect_kernel_within<cpu::Exp, TypeParam>(law, want);
}

TYPED_TEST(MathOf, LogIsWithin0Point9Ulp) {
  const auto f = [](auto x) { return cpu::log(x); };
  const auto want = [](long double x) { return std::log(x); };
  const Law law{"log", 0, kInf, 0.9};
  expect_formula_within<TypeParam>(law, f, want);
  expect_kernel_within<cpu::Log, TypeParam>(law, want);
}

TYPED_TEST(MathOf, Log1pIsWithin0Point9Ulp) {
  expect_formula_within<TypeParam>(
      {"log1p", -0.999, kInf, 0.9}, [](auto x) { return cpu::log1p(x); },
      [](long double x) { return std::log1p(x); });
}

TYPED_TEST(MathOf, TanhIsWithin1Point4Ulp) {
  const auto f = [](auto x) { return cpu::tanh(x); };
  const auto want = [](long double x) { return std::tanh(x); };
  const Law law{"tanh", -kInf, kInf, 1.4};
  expect_formula_within<TypeParam>(law, f, want);
  expect_kernel_within<cpu::Tanh, TypeParam>(law, want);
}

TYPED_TEST(MathOf, ErfIsWithin1Point3Ulp) {
  const auto f = [](auto x) { return cpu::erf(x); };
  const auto want = [](long double x) { return std::erf(x); };
  const Law law{"erf", -kInf, kInf, 1.3};
  expect_formula_within<TypeParam>(law, f, want);
  expect_kernel_within<cpu::Erf, TypeParam>(law, want);
}

TYPED_TEST(MathOf, SigmoidIsWithin2Point2UlpWhereExpDoesNotOverflow) {
  const auto f = [](auto x) { return cpu::sigmoid(x); };
  const auto want = [](long double x) { return 1 / (1 + std::exp(-x)); };
  const Law law{"sigmoid", sizeof(TypeParam) == 4 ? -88.0 : -709.0, kInf, 2.2};
  expect_formula_within<TypeParam>(law, f, want);
  expect_kernel_within<cpu::Sigmoid, TypeParam>(law, want);
}

TYPED_TEST(MathOf, SoftplusIsWithin2Ulp) {
  expect_kernel_within<cpu::Softplus, TypeParam>({"softplus", -80, kInf, 2.0}, [](long double x) {
    return std::max(x, 0.0L) + std::log1p(std::exp(-std::abs(x)));
  });
}

TYPED_TEST(MathOf, HasTheRightLimits) {
  using T = TypeParam;
  const T inf = T(kInf), nan = std::numeric_limits<T>::quiet_NaN();
  const auto check = [&]<class F>(F, const char* name, std::vector<std::pair<T, T>> table) {
    table.push_back({nan, nan});
    for (const auto& [x, want] : table) {
      T y;
      cpu::unary_forward<F, T>(&y, &x, 1);
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(y)) << name << "(" << x << ") = " << y;
      } else {
        EXPECT_EQ(y, want) << name << "(" << x << ")";
        EXPECT_EQ(std::signbit(y), std::signbit(want)) << name << "(" << x << ")";
      }
    }
  };
  const T tiny = std::numeric_limits<T>::denorm_min(), huge = std::numeric_limits<T>::max();
  check(cpu::Exp{}, "exp",
        {{0, 1}, {T(-0.0), 1}, {inf, inf}, {-inf, 0}, {huge, inf}, {-huge, 0}, {1000, inf}});
  check(cpu::Log{}, "log",
        {{0, -inf}, {T(-0.0), -inf}, {1, 0}, {inf, inf}, {-1, nan}, {-inf, nan}});
  check(
      cpu::Tanh{}, "tanh",
      {{0, 0}, {T(-0.0), T(-0.0)}, {inf, 1}, {-inf, -1}, {huge, 1}, {tiny, tiny}, {-tiny, -tiny}});
  check(cpu::Erf{}, "erf",
        {{0, 0}, {T(-0.0), T(-0.0)}, {inf, 1}, {-inf, -1}, {huge, 1}, {-huge, -1}});
  check(cpu::Sigmoid{}, "sigmoid", {{0, T(0.5)}, {inf, 1}, {-inf, 0}, {huge, 1}, {-huge, 0}});
  check(cpu::Softplus{}, "softplus", {{10000, 10000}, {-10000, 0}, {inf, inf}, {-inf, 0}});
  check(cpu::LogSigmoid{}, "log_sigmoid", {{10000, T(-0.0)}, {-10000, -10000}, {-inf, -inf}});
}

TEST(Math, HoldsOnEveryInstructionSetOfThisMachine) { test::expect_on_lower_sets("MathOf*"); }

}  // namespace
}  // namespace pupil
