// Sums, means, largest elements and variances over an axis or everything.
#include "tensor/reduce.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tensor/error.h"
#include "tests/op_laws.h"

namespace pupil {
namespace {

Tensor counting(const Shape& shape, DType dtype = DType::kFloat64) {
  std::vector<double> values(shape.numel());
  std::iota(values.begin(), values.end(), 0.);
  return Tensor::from<double>(shape, values).to(dtype);
}
std::vector<double> numbers(const Tensor& t) { return t.to(DType::kFloat64).to_vector<double>(); }
using Numbers = std::vector<double>;

TEST(Sum, ObeysTheLawsOfOperations) { laws::expect_lawful(samples_sum); }
TEST(Mean, ObeysTheLawsOfOperations) { laws::expect_lawful(samples_mean); }
TEST(Max, ObeysTheLawsOfOperations) { laws::expect_lawful(samples_max); }
TEST(Variance, ObeysTheLawsOfOperations) { laws::expect_lawful(samples_variance); }

TEST(Sum, TakesTheAxisAway) {
  const Tensor x = counting({2, 3, 2});
  EXPECT_EQ(tensor::sum(x, 0).shape(), (Shape{3, 2}));
  EXPECT_EQ(numbers(tensor::sum(x, 0)), (Numbers{6, 8, 10, 12, 14, 16}));
  EXPECT_EQ(numbers(tensor::sum(x, 1)), (Numbers{6, 9, 24, 27}));
  EXPECT_EQ(numbers(tensor::sum(x, -1)), (Numbers{1, 5, 9, 13, 17, 21}));
  EXPECT_EQ(tensor::sum(x).shape(), Shape{});
  EXPECT_EQ(tensor::sum(x).item(), 66);
  EXPECT_EQ(tensor::mean(x).item(), 5.5);
  EXPECT_EQ(numbers(tensor::mean(x, 1)), (Numbers{2, 3, 8, 9}));
}

TEST(Sum, OfNothingIsZero) {
  EXPECT_EQ(tensor::sum(Tensor::zeros({0, 3})).item(), 0);
  EXPECT_EQ(numbers(tensor::sum(Tensor::zeros({0, 3}), 0)), (Numbers{0, 0, 0}));
  EXPECT_EQ(tensor::sum(Tensor::zeros({0, 3}), 1).numel(), 0);
}

// Added one after the other in f32, the last numbers would lose half of their digits.
TEST(Sum, OfManyNumbersKeepsItsDigits) {
  const std::int64_t n = 4'000'000;
  const Tensor x = Tensor::full({n}, 1.1f);
  const double exact = double(1.1f) * double(n);
  EXPECT_NEAR(tensor::sum(x).item(), exact, 5e-6 * exact);
  EXPECT_NEAR(tensor::sum(x, 0).item(), exact, 5e-6 * exact);
  EXPECT_NEAR(tensor::mean(x).item(), double(1.1f), 5e-6);
  EXPECT_NEAR(numbers(tensor::sum(x.reshape({2, n / 2}), 1))[1], exact / 2, 5e-6 * exact);
  EXPECT_NEAR(numbers(tensor::sum(x.reshape({n / 10, 10}), 0))[9], exact / 10, 5e-5 * exact / 10);
}

TEST(Sum, IsTheSameForOneAndTwoThreads) {
  reset_sample_seed(2);
  const Tensor x = randn({3, 300, 150}).to(DType::kFloat32);
  const auto results = [&](int n) {
    set_threads(n);
    std::vector<std::vector<float>> list = {tensor::sum(x).to_vector<float>()};
    for (const int axis : {0, 1, 2}) {
      list.push_back(tensor::sum(x, axis).to_vector<float>());
      list.push_back(tensor::variance(x, axis).variance.to_vector<float>());
    }
    return list;
  };
  const int before = threads();
  const auto one = results(1), two = results(2);
  set_threads(before);
  EXPECT_EQ(one, two);
}

TEST(Max, GivesTheFirstLargest) {
  const Tensor x = Tensor::from<float>({2, 3}, std::vector{4.f, 9.f, 9.f, -3.f, -5.f, -3.f});
  const tensor::Max over_rows = tensor::max(x, 1), over_columns = tensor::max(x, 0);
  EXPECT_EQ(numbers(over_rows.values), (Numbers{9, -3}));
  EXPECT_EQ(over_rows.index.to_vector<std::int32_t>(), (std::vector<std::int32_t>{1, 0}));
  EXPECT_EQ(numbers(over_columns.values), (Numbers{4, 9, 9}));
  EXPECT_EQ(over_columns.index.to_vector<std::int32_t>(), (std::vector<std::int32_t>{0, 0, 0}));

  const Variable v = parameter(x);
  backward(max(v, 1), Tensor::from<float>({2}, std::vector{2.f, 3.f}));
  EXPECT_EQ(numbers(v.grad()), (Numbers{0, 2, 0, 3, 0, 0}));
}

TEST(Max, PassesNaNOn) {
  const Tensor x = Tensor::from<float>({3}, std::vector{1.f, NAN, 2.f});
  EXPECT_TRUE(std::isnan(tensor::max(x, 0).values.item()));
  EXPECT_EQ(tensor::max(x, 0).index.item(), 1);
}

TEST(Variance, IsDividedByTheNumberOfElements) {
  const Tensor x = Tensor::from<double>({1, 4}, std::vector{1., 2., 3., 6.});  // mean 3
  EXPECT_NEAR(tensor::variance(x, 1).variance.item(), (4 + 1 + 0 + 9) / 4., 1e-15);
  EXPECT_EQ(numbers(tensor::variance(x, 0).variance), (Numbers{0, 0, 0, 0}));
}

TEST(Variance, KeepsItsDigitsWhenTheMeanIsTenThousandDeviations) {
  reset_sample_seed(3);
  Tensor x = randn({700, 3}).to(DType::kFloat32).clone();
  for (float& value : x.span<float>()) value += 1e4f;
  const Tensor wide = x.to(DType::kFloat64);
  laws::expect_close(tensor::variance(x, 0).variance, tensor::variance(wide, 0).variance, 1e-6,
                     "columns");
  laws::expect_close(tensor::variance(x.reshape({3, 700}), 1).variance,
                     tensor::variance(wide.reshape({3, 700}), 1).variance, 1e-6, "rows");
}

TEST(Reductions, SayWhatDoesNotFit) {
  const Tensor x = Tensor::zeros({2, 3});
  EXPECT_THROW(tensor::sum(x, 2), IndexError);
  EXPECT_THROW(tensor::max(x, -3), IndexError);
  EXPECT_THROW(tensor::mean(Tensor::zeros({2, 0}), 1), ShapeError);
  EXPECT_THROW(tensor::max(Tensor::zeros({2, 0}), 1), ShapeError);
  EXPECT_THROW(tensor::variance(Tensor::zeros({0}), 0), ShapeError);
  EXPECT_THROW(tensor::mean(Tensor::zeros({0})), ShapeError);
  EXPECT_THROW(tensor::sum(Tensor::zeros({2}, DType::kInt32), 0), DTypeError);
}

}  // namespace
}  // namespace pupil
