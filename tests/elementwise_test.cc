// The elementwise kernels against the definitions of their functions, at sizes around every vector
// and tile border, on memory that ends where the operands end.
#include "kernels/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "kernels/parallel.h"
#include "tests/fenced.h"
#include "tests/run_self.h"

namespace pupil {
namespace {

using cpu::Repeated;
constexpr std::int64_t kTile = cpu::kElementwiseTile;
const std::int64_t kSizes[] = {1, 3, 7, 15, 17, 33, kTile + 3};

using test::Fenced, test::uniform;

template <class T>
Repeated<T> repeated(const Fenced<T>& x) {
  return {x.data(), x.size()};
}

template <class T>
constexpr double kTolerance = sizeof(T) == 4 ? 2e-6 : 4e-15;

// ---- functions of one number
// ----------------------------------------------------------------------

double phi(double x) { return 0.5 * std::erfc(-x / std::sqrt(2)); }
double logistic(double x) { return 1 / (1 + std::exp(-x)); }

// Each functor's definition, written with the standard library.
double definition(cpu::Neg, double x) { return -x; }
double definition(cpu::Exp, double x) { return std::exp(x); }
double definition(cpu::Log, double x) { return std::log(x); }
double definition(cpu::Sqrt, double x) { return std::sqrt(x); }
double definition(cpu::Square, double x) { return x * x; }
double definition(cpu::Abs, double x) { return std::abs(x); }
double definition(cpu::Tanh, double x) { return std::tanh(x); }
double definition(cpu::Erf, double x) { return std::erf(x); }
double definition(cpu::Sigmoid, double x) { return logistic(x); }
double definition(cpu::Softplus, double x) { return std::log1p(std::exp(x)); }
double definition(cpu::LogSigmoid, double x) { return std::log(logistic(x)); }
double definition(cpu::Relu, double x) { return std::max(x, 0.0); }
double definition(cpu::GeluErf, double x) { return x * phi(x); }
double definition(cpu::Silu, double x) { return x * logistic(x); }
double definition(cpu::GeluTanh, double x) {
  const double u = std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1 + std::tanh(u));
}

template <class F>
class UnaryOf : public testing::Test {
 public:
  static constexpr bool kPositive = std::is_same_v<F, cpu::Log> || std::is_same_v<F, cpu::Sqrt>;
  static std::vector<double> inputs(std::int64_t n) {
    return uniform(n, kPositive ? 0.05 : -5, 5, unsigned(n));
  }
};
using UnaryFunctors =
    testing::Types<cpu::Neg, cpu::Exp, cpu::Log, cpu::Sqrt, cpu::Square, cpu::Abs, cpu::Tanh,
                   cpu::Erf, cpu::Sigmoid, cpu::Softplus, cpu::LogSigmoid, cpu::Relu, cpu::GeluTanh,
                   cpu::GeluErf, cpu::Silu>;
TYPED_TEST_SUITE(UnaryOf, UnaryFunctors);

template <class F, class T>
void expect_forward_is_the_definition(const std::vector<double>& inputs) {
  const Fenced<T> x(inputs), y(std::int64_t(inputs.size()));
  cpu::unary_forward<F, T>(y.data(), x.data(), x.size());
  for (std::int64_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(y[i], definition(F{}, x[i]), kTolerance<T> * std::max(1.0, std::abs(double(y[i]))))
        << "element " << i << " of " << x.size() << ", x = " << x[i];
  }
}

TYPED_TEST(UnaryOf, ForwardIsTheDefinition) {
  for (const std::int64_t n : kSizes) {
    expect_forward_is_the_definition<TypeParam, float>(this->inputs(n));
    expect_forward_is_the_definition<TypeParam, double>(this->inputs(n));
  }
}

template <class F, class T>
void expect_backward_is_the_slope(const std::vector<double>& inputs) {
  const std::int64_t n = std::int64_t(inputs.size());
  const Fenced<T> x(inputs), y(n), dout(uniform(n, -1, 1, 7)), dinp(n, T(3)), sum(n, T(3));
  cpu::unary_forward<F, T>(y.data(), x.data(), n);
  // What the derivative does not read may be missing.
  const T* inp = F::kReads == cpu::Reads::kInput ? x.data() : nullptr;
  const T* out = F::kReads == cpu::Reads::kOutput ? y.data() : nullptr;
  cpu::unary_backward<F, T>(dinp.data(), false, dout.data(), inp, out, n);
  cpu::unary_backward<F, T>(sum.data(), true, dout.data(), inp, out, n);
  for (std::int64_t i = 0; i < n; ++i) {
    const double h = 1e-5 * std::max(1.0, std::abs(double(x[i])));
    if (std::abs(double(x[i])) < 2 * h) continue;  // abs and relu have a corner at 0
    const double slope = (definition(F{}, x[i] + h) - definition(F{}, x[i] - h)) / (2 * h);
    const double want = double(dout[i]) * slope;
    ASSERT_NEAR(dinp[i], want, (sizeof(T) == 4 ? 1e-5 : 1e-7) * std::max(1.0, std::abs(want)))
        << "element " << i << " of " << n << ", x = " << x[i];
    ASSERT_NEAR(sum[i], T(3) + dinp[i], kTolerance<T> * std::max(8.0, std::abs(double(sum[i]))));
  }
}

TYPED_TEST(UnaryOf, BackwardIsTheSlopeOfTheDefinition) {
  for (const std::int64_t n : kSizes) {
    expect_backward_is_the_slope<TypeParam, float>(this->inputs(n));
    expect_backward_is_the_slope<TypeParam, double>(this->inputs(n));
  }
}

TYPED_TEST(UnaryOf, GivesTheSameBitsInPlaceAndForEveryNumberOfThreads) {
  const std::int64_t n = 5 * kTile + 3;
  const Fenced<float> x(this->inputs(n)), y(n);
  const int before = threads();
  set_threads(1);
  cpu::unary_forward<TypeParam, float>(y.data(), x.data(), n);
  for (const int count : {2, 3}) {
    set_threads(count);
    const Fenced<float> z(this->inputs(n));
    cpu::unary_forward<TypeParam, float>(z.data(), z.data(), n);
    EXPECT_EQ(std::memcmp(y.data(), z.data(), std::size_t(n) * sizeof(float)), 0) << count;
  }
  set_threads(before);
}

TEST(Unary, CornersHaveDerivativeZero) {
  const double zero = 0, one = 1;
  double dinp;
  cpu::unary_backward<cpu::Abs, double>(&dinp, false, &one, &zero, nullptr, 1);
  EXPECT_EQ(dinp, 0);
  cpu::unary_backward<cpu::Relu, double>(&dinp, false, &one, &zero, nullptr, 1);
  EXPECT_EQ(dinp, 0);
}

TEST(Unary, GatesAreStableFarOut) {
  const Fenced<float> x(std::vector<double>{-1e4, 1e4}), y(2), dinp(2), one(2, 1.0f);
  const auto expect = [&]<class F>(F, double low, double high, double slope_low,
                                   double slope_high) {
    cpu::unary_forward<F, float>(y.data(), x.data(), 2);
    cpu::unary_backward<F, float>(dinp.data(), false, one.data(), x.data(), y.data(), 2);
    EXPECT_EQ(y[0], float(low));
    EXPECT_EQ(y[1], float(high));
    EXPECT_EQ(dinp[0], float(slope_low));
    EXPECT_EQ(dinp[1], float(slope_high));
  };
  expect(cpu::Sigmoid{}, 0, 1, 0, 0);
  expect(cpu::LogSigmoid{}, -1e4, 0, 1, 0);
  expect(cpu::Softplus{}, 0, 1e4, 0, 1);
  expect(cpu::Tanh{}, -1, 1, 0, 0);
  expect(cpu::Silu{}, 0, 1e4, 0, 1);
  expect(cpu::GeluTanh{}, 0, 1e4, 0, 1);
  expect(cpu::GeluErf{}, 0, 1e4, 0, 1);
}

// ---- functions of two numbers
// ---------------------------------------------------------------------

double definition(cpu::Add, double a, double b) { return a + b; }
double definition(cpu::Sub, double a, double b) { return a - b; }
double definition(cpu::Mul, double a, double b) { return a * b; }
double definition(cpu::Div, double a, double b) { return a / b; }
double definition(cpu::Minimum, double a, double b) { return std::min(a, b); }
double definition(cpu::Maximum, double a, double b) { return std::max(a, b); }

template <class F>
class BinaryOf : public testing::Test {};
using BinaryFunctors =
    testing::Types<cpu::Add, cpu::Sub, cpu::Mul, cpu::Div, cpu::Minimum, cpu::Maximum>;
TYPED_TEST_SUITE(BinaryOf, BinaryFunctors);

template <class F, class T>
void expect_pair(std::int64_t n, std::int64_t period_a, std::int64_t period_b) {
  SCOPED_TRACE("n " + std::to_string(n) + ", periods " + std::to_string(period_a) + ", " +
               std::to_string(period_b));
  const Fenced<T> a(uniform(period_a, -2, 2, 1)), b(uniform(period_b, 0.5, 2, 2)), y(n);
  const Fenced<T> dout(uniform(n, -1, 1, 3)), da(n), db(n, T(5));
  cpu::binary_forward<F, T>(y.data(), repeated(a), repeated(b), n);
  cpu::binary_backward<F, T>(da.data(), false, db.data(), true, dout.data(), repeated(a),
                             repeated(b), n);
  const double h = 1e-5;
  for (std::int64_t i = 0; i < n; ++i) {
    const double p = a[i % period_a], q = b[i % period_b], d = dout[i];
    ASSERT_NEAR(y[i], definition(F{}, p, q), kTolerance<T> * 4) << i;
    const double slope_a = (definition(F{}, p + h, q) - definition(F{}, p - h, q)) / (2 * h);
    const double slope_b = (definition(F{}, p, q + h) - definition(F{}, p, q - h)) / (2 * h);
    if (std::abs(p - q) < 2 * h) continue;
    ASSERT_NEAR(da[i], d * slope_a, sizeof(T) == 4 ? 1e-5 : 1e-8) << i;
    ASSERT_NEAR(db[i], 5 + d * slope_b, sizeof(T) == 4 ? 1e-5 : 1e-8) << i;
  }
}

TYPED_TEST(BinaryOf, ValueAndSlopesAreTheDefinitionsAndRepeatsAreUsed) {
  for (const std::int64_t n : kSizes) expect_pair<TypeParam, float>(n, n, n);
  for (const std::int64_t n : kSizes) expect_pair<TypeParam, double>(n, n, n);
  for (const std::int64_t period : {1, 2, 3, 16, 33}) {
    for (const std::int64_t n : {period, 5 * period, kTile / period * period + 2 * period}) {
      expect_pair<TypeParam, float>(n, n, period);
      expect_pair<TypeParam, float>(n, period, n);
      expect_pair<TypeParam, double>(n, n, period);
    }
  }
  expect_pair<TypeParam, float>(12, 6, 3);
}

TYPED_TEST(BinaryOf, LeavesOutAGradientThatIsNotWanted) {
  const Fenced<double> a(uniform(9, -2, 2, 1)), b(uniform(9, 1, 2, 2)), d(9, 1.0), both(9), one(9);
  cpu::binary_backward<TypeParam, double>(both.data(), false, nullptr, false, d.data(), repeated(a),
                                          repeated(b), 9);
  cpu::binary_backward<TypeParam, double>(nullptr, false, one.data(), false, d.data(), repeated(a),
                                          repeated(b), 9);
  const Fenced<double> da(9), db(9);
  cpu::binary_backward<TypeParam, double>(da.data(), false, db.data(), false, d.data(), repeated(a),
                                          repeated(b), 9);
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(both[i], da[i]);
    EXPECT_EQ(one[i], db[i]);
  }
}

TEST(Binary, TiesShareTheGradientAndNanSpreads) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), two = 2, d = 3;
  double da, db, y;
  const Repeated<double> tie{&two, 1}, missing{&nan, 1};
  cpu::binary_backward<cpu::Minimum, double>(&da, false, &db, false, &d, tie, tie, 1);
  EXPECT_EQ(da, 1.5);
  EXPECT_EQ(db, 1.5);
  cpu::binary_backward<cpu::Maximum, double>(&da, false, &db, false, &d, tie, tie, 1);
  EXPECT_EQ(da, 1.5);
  EXPECT_EQ(db, 1.5);
  for (const auto& [a, b] : {std::pair{tie, missing}, std::pair{missing, tie}}) {
    cpu::binary_forward<cpu::Minimum, double>(&y, a, b, 1);
    EXPECT_TRUE(std::isnan(y));
    cpu::binary_forward<cpu::Maximum, double>(&y, a, b, 1);
    EXPECT_TRUE(std::isnan(y));
  }
}

TEST(Elementwise, HoldsOnEveryInstructionSetOfThisMachine) {
  test::expect_on_lower_sets("-Elementwise.HoldsOnEvery*");
}

}  // namespace
}  // namespace pupil
