// One step of each optimizer against its formula in long double, and the norm.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/optimizer.h"
#include "kernels/parallel.h"
#include "tensor/error.h"
#include "tensor/optimizer.h"
#include "tensor/random.h"

namespace pupil {
namespace {

constexpr std::int64_t kMany = (1 << 15) + 3;  // two tiles of a step, one and three of the norm

Tensor numbers(std::int64_t n, std::uint64_t stream, DType dtype = DType::kFloat64) {
  return tensor::normal({n}, 0, 1, 42, stream, dtype);
}

TEST(AdamW, FollowsItsFormulaForThreeSteps) {
  const Tensor w = numbers(kMany, 1), m = Tensor::zeros({kMany}, DType::kFloat64),
               v = Tensor::zeros({kMany}, DType::kFloat64);
  std::vector<long double> want(kMany), m_want(kMany, 0), v_want(kMany, 0);
  for (int i = 0; i < kMany; ++i) want[i] = w.data<double>()[i];
  for (int t = 1; t <= 3; ++t) {
    const Tensor grad = numbers(kMany, 10 + t);
    tensor::adamw_step(w, m, v, grad,
                       {.lr = 0.02,
                        .beta1 = 0.9,
                        .beta2 = 0.95,
                        .eps = 1e-3,
                        .weight_decay = 0.1,
                        .step = t,
                        .grad_scale = 0.5});
    for (int i = 0; i < kMany; ++i) {
      const long double g = 0.5L * grad.data<double>()[i];
      m_want[i] = 0.9L * m_want[i] + (1 - 0.9L) * g;
      v_want[i] = 0.95L * v_want[i] + (1 - 0.95L) * g * g;
      const long double m_hat = m_want[i] / (1 - std::pow(0.9L, t));
      const long double v_hat = v_want[i] / (1 - std::pow(0.95L, t));
      want[i] -= 0.02L * 0.1L * want[i];
      want[i] -= 0.02L * m_hat / (std::sqrt(v_hat) + 1e-3L);
    }
  }
  for (int i = 0; i < kMany; ++i) {
    ASSERT_NEAR(w.data<double>()[i], double(want[i]), 1e-14 * std::max(1.0L, std::abs(want[i])));
  }
}

TEST(AdamW, InFloatStaysWithinRoundingOfDouble) {
  Tensor w32 = numbers(1000, 1, DType::kFloat32), w64 = w32.to(DType::kFloat64);
  for (int t = 1; t <= 5; ++t) {
    const Tensor grad = numbers(1000, 20 + t, DType::kFloat32);
    static Tensor m32 = Tensor::zeros({1000}), v32 = Tensor::zeros({1000});
    static Tensor m64 = m32.to(DType::kFloat64), v64 = m64.clone();
    tensor::adamw_step(w32, m32, v32, grad, {.weight_decay = 0.1, .step = t});
    tensor::adamw_step(w64, m64, v64, grad.to(DType::kFloat64), {.weight_decay = 0.1, .step = t});
  }
  for (int i = 0; i < 1000; ++i) ASSERT_NEAR(w32.data<float>()[i], w64.data<double>()[i], 2e-6);
}

TEST(AdamW, MovesNothingWithoutGradientAndDecay) {
  const Tensor w = numbers(100, 1), zero = Tensor::zeros({100}, DType::kFloat64);
  const auto before = w.to_vector<double>();
  tensor::adamw_step(w, zero.clone(), zero.clone(), zero, {});
  EXPECT_EQ(w.to_vector<double>(), before);
}

// b = g the first time, then momentum b + g; w -= lr (nesterov ? g + momentum b : b).
TEST(Sgd, FollowsItsFormula) {
  for (const double momentum : {0.0, 0.9}) {
    for (const bool nesterov : {false, true}) {
      if (nesterov && momentum == 0) continue;
      const Tensor w = numbers(kMany, 1);
      const Tensor buffer = momentum ? Tensor::full({kMany}, NAN, DType::kFloat64) : Tensor();
      std::vector<double> want = w.to_vector<double>(), b(kMany, 0);
      for (int t = 0; t < 3; ++t) {
        const Tensor grad = numbers(kMany, 30 + t);
        tensor::sgd_step(w, buffer, grad,
                         {.lr = 0.1,
                          .momentum = momentum,
                          .weight_decay = 0.01,
                          .nesterov = nesterov,
                          .first = t == 0,
                          .grad_scale = 0.25});
        for (int i = 0; i < kMany; ++i) {
          const double g = 0.25 * grad.data<double>()[i] + 0.01 * want[i];
          b[i] = t == 0 ? g : momentum * b[i] + g;
          want[i] -= 0.1 * (nesterov ? g + momentum * b[i] : momentum ? b[i] : g);
        }
      }
      for (int i = 0; i < kMany; ++i) {
        ASSERT_NEAR(w.data<double>()[i], want[i], 1e-14 * std::max(1.0, std::abs(want[i])))
            << "momentum " << momentum << ", nesterov " << nesterov;
      }
    }
  }
}

TEST(Steps, GiveTheSameBitsForAnyNumberOfThreads) {
  std::vector<float> first;
  double norm = 0;
  for (const int n : {1, 2, 3}) {
    set_threads(n);
    const Tensor w = numbers(100001, 1, DType::kFloat32),
                 grad = numbers(100001, 2, DType::kFloat32);
    const Tensor m = Tensor::zeros({100001}), v = Tensor::zeros({100001});
    const double squares = tensor::sum_of_squares(grad);
    tensor::adamw_step(w, m, v, grad, {.grad_scale = 1 / std::sqrt(squares)});
    if (n == 1) first = w.to_vector<float>(), norm = squares;
    EXPECT_EQ(w.to_vector<float>(), first);
    EXPECT_EQ(squares, norm);
  }
}

TEST(Steps, MarkTheWeightsAsChangedAndRefuseOtherShapes) {
  const Tensor w = numbers(5, 1), same = numbers(5, 2), other = numbers(6, 2);
  const auto version = w.storage()->version;
  tensor::sgd_step(w, {}, same, {});
  EXPECT_NE(w.storage()->version, version);
  EXPECT_THROW(tensor::sgd_step(w, {}, other, {}), ShapeError);
  EXPECT_THROW(tensor::sgd_step(w, {}, same, {.momentum = 0.9}), ShapeError);
  EXPECT_THROW(tensor::adamw_step(w, same, other, same, {}), ShapeError);
}

TEST(SumOfSquares, IsExactForSmallIntegersAtEveryLength) {
  for (const std::int64_t n : {0, 1, 31, 32, 33, 1000, int(kMany), 100000}) {
    Tensor x = Tensor::empty({n});
    double want = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      x.data<float>()[i] = float(i % 7) - 3;
      want += double(x.data<float>()[i]) * x.data<float>()[i];
    }
    EXPECT_EQ(tensor::sum_of_squares(x), want) << n;
  }
}

TEST(SumOfSquares, NeitherOverflowsNorHidesNaN) {
  Tensor x = Tensor::full({kMany}, 1e30);
  EXPECT_NEAR(tensor::sum_of_squares(x) / (kMany * 1e60), 1, 1e-6);
  for (const std::int64_t i : {std::int64_t(0), std::int64_t(1 << 15), kMany - 1}) {
    for (const float bad : {NAN, std::numeric_limits<float>::infinity()}) {
      Tensor y = x.clone();
      y.data<float>()[i] = bad;
      EXPECT_FALSE(std::isfinite(tensor::sum_of_squares(y))) << i;
    }
  }
}

}  // namespace
}  // namespace pupil
