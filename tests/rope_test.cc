#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "autograd/gradcheck.h"
#include "autograd/operations.h"
#include "autograd/sample.h"
#include "kernels/parallel.h"
#include "kernels/rope.h"
#include "tensor/error.h"

namespace pupil {
namespace {

constexpr RopeForm kForms[] = {RopeForm::kInterleaved, RopeForm::kHalfSplit};

double distance(const Tensor& got, const Tensor& expected) {
  EXPECT_EQ(got.shape(), expected.shape());
  const Tensor a = got.to(DType::kFloat64), b = expected.to(DType::kFloat64);
  double worst = 0;
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const double difference = std::abs(a.data<double>()[i] - b.data<double>()[i]);
    if (!(difference <= worst)) worst = difference;  // keeps a NaN
  }
  return worst;
}

struct Result {
  Tensor out, dx;
};
Result run(const OpFunction& function, const Tensor& input) {
  const Variable x = parameter(input.clone());
  const Variable y = function({x});
  reset_sample_seed(5);
  backward(y, randn(y.shape()).to(input.dtype()));
  return {y.value(), x.grad()};
}

TEST(Rope, GradientIsTheDifferenceQuotient) {
  for (const OpSample& sample : samples_rope()) {
    const GradcheckResult result = gradcheck(sample);
    EXPECT_TRUE(result.passed) << result.message;
  }
}

TEST(Rope, IsItsComposition) {
  for (const OpSample& sample : samples_rope()) {
    if (!sample.twin) continue;
    const Result fused = run(sample.function, sample.inputs[0]);
    const Result composed = run(sample.twin, sample.inputs[0]);
    EXPECT_LE(distance(fused.out, composed.out), 1e-13) << sample.text;
    EXPECT_LE(distance(fused.dx, composed.dx), 1e-13) << sample.text;
  }
}

TEST(Rope, Float32FollowsFloat64) {
  for (const OpSample& sample : samples_rope()) {
    const Result exact = run(sample.function, sample.inputs[0]);
    const Result rough = run(sample.function, sample.inputs[0].to(DType::kFloat32));
    EXPECT_LE(distance(rough.out, exact.out), 2e-6) << sample.text;
    EXPECT_LE(distance(rough.dx, exact.dx), 2e-6) << sample.text;
  }
}

TEST(Rope, TurnsAPairByItsAngle) {
  const Tensor x = Tensor::from<double>({1, 1, 1, 4}, std::vector<double>{1, 2, 3, 4});
  const double theta = 100, angles[] = {5, 5 * std::pow(theta, -0.5)};
  for (const RopeForm form : kForms) {
    const Tensor y = rope(constant(x), 5, theta, form).value();
    for (int i = 0; i < 2; ++i) {
      const int a = form == RopeForm::kInterleaved ? 2 * i : i;
      const int b = form == RopeForm::kInterleaved ? 2 * i + 1 : i + 2;
      const double c = std::cos(angles[i]), s = std::sin(angles[i]);
      EXPECT_NEAR(y.data<double>()[a], c * (a + 1) - s * (b + 1), 1e-14);
      EXPECT_NEAR(y.data<double>()[b], s * (a + 1) + c * (b + 1), 1e-14);
    }
  }
}

TEST(Rope, ScoresDependOnTheDistanceAlone) {
  const Tensor q = randn({1, 1, 1, 32}), k = randn({1, 1, 1, 32});
  const auto score = [&](std::int64_t at_q, std::int64_t at_k, RopeForm form) {
    const Variable product =
        mul(rope(constant(q), at_q, 10000, form), rope(constant(k), at_k, 10000, form));
    return sum(product).value().item();
  };
  for (const RopeForm form : kForms) {
    EXPECT_NEAR(score(3, 1, form), score(1003, 1001, form), 1e-11);
    EXPECT_NEAR(score(7, 7, form), score(0, 0, form), 1e-12);
    EXPECT_GT(std::abs(score(3, 1, form) - score(4, 1, form)), 1e-3);
  }
}

TEST(Rope, TableIsExactFarFromItsStart) {
  const std::int64_t first = 4000, n = 100, D = 6;
  std::vector<double> table(n * D, std::numeric_limits<double>::quiet_NaN());
  cpu::rope_table<double>(table.data(), first, n, D, 10000);
  for (std::int64_t p = 0; p < n; ++p) {
    for (std::int64_t i = 0; i < D / 2; ++i) {
      const double angle = double(first + p) * std::pow(10000, -2.0 * double(i) / double(D));
      EXPECT_NEAR(table[p * D + i], std::cos(angle), 2e-12);
      EXPECT_NEAR(table[p * D + D / 2 + i], std::sin(angle), 2e-12);
    }
  }
}

TEST(Rope, InPlaceAndAddingGiveTheSame) {
  const std::int64_t rows = 40, heads = 3, D = 10;
  std::vector<double> table(rows * D);
  cpu::rope_table<double>(table.data(), 0, rows, D, 10000);
  std::vector<std::int64_t> table_rows(rows);
  for (std::int64_t r = 0; r < rows; ++r) table_rows[r] = (r * 7) % rows;
  for (const auto pairs : {cpu::RopePairs::kInterleaved, cpu::RopePairs::kHalfSplit}) {
    const Tensor x = randn({rows, heads * D});
    const auto turn = [&](const Tensor& out, bool add, const Tensor& inp, bool inverse) {
      cpu::rope<double>(out.view<double>(), add, inp.view<double>(), D, table.data(),
                        table_rows.data(), pairs, inverse);
    };
    const Tensor fresh = Tensor::full(x.shape(), std::nan(""), DType::kFloat64);
    turn(fresh, false, x, false);
    const Tensor place = x.clone(), added = Tensor::full(x.shape(), 2, DType::kFloat64);
    turn(place, false, place, false);
    turn(added, true, x, false);
    for (double& v : added.span<double>()) v -= 2;
    EXPECT_EQ(distance(place, fresh), 0);
    EXPECT_LE(distance(added, fresh), 1e-14);
    turn(place, false, place, true);
    EXPECT_LE(distance(place, x), 1e-13);
  }
}

TEST(Rope, IsBitwiseTheSameForEveryNumberOfThreads) {
  const int before = threads();
  const Tensor x = randn({4, 70, 3, 16}).to(DType::kFloat32);
  for (const RopeForm form : kForms) {
    const auto turn = [&] { return rope(constant(x), 9, 10000, form).value(); };
    set_threads(1);
    const Tensor one = turn();
    set_threads(2);
    EXPECT_EQ(one.to_vector<float>(), turn().to_vector<float>());
  }
  set_threads(before);
}

TEST(Rope, RefusesShapesThatDoNotFit) {
  const Variable x = constant(randn({2, 3, 1, 4}));
  const auto positions = [](const Shape& shape) { return Tensor::zeros(shape, DType::kInt32); };
  EXPECT_NO_THROW(rope(x, positions({2, 3}), 10000, RopeForm::kHalfSplit));
  EXPECT_THROW(rope(x, positions({3, 2}), 10000, RopeForm::kHalfSplit), ShapeError);
  EXPECT_THROW(rope(x, randn({2, 3}), 10000, RopeForm::kHalfSplit), ShapeError);
  EXPECT_THROW(rope(x, 0, -1, RopeForm::kHalfSplit), Error);
  EXPECT_THROW(rope(constant(randn({2, 3, 1, 5})), 0, 10000, RopeForm::kHalfSplit), ShapeError);
  EXPECT_THROW(rope(constant(randn({2, 3, 4})), 0, 10000, RopeForm::kHalfSplit), ShapeError);
}

}  // namespace
}  // namespace pupil
