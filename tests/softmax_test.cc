// Softmax, its logarithm and its normaliser: laws, closed forms, and numbers at the edge.
#include "tensor/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/softmax.h"
#include "tensor/error.h"
#include "tests/op_laws.h"

namespace pupil {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Tensor row(const std::vector<double>& values, DType dtype = DType::kFloat64) {
  return Tensor::from<double>({1, std::int64_t(values.size())}, values).to(dtype);
}
std::vector<double> numbers(const Tensor& t) { return t.to(DType::kFloat64).to_vector<double>(); }

TEST(Softmax, ObeysTheLawsOfOperations) { laws::expect_lawful(samples_softmax); }
TEST(LogSoftmax, ObeysTheLawsOfOperations) { laws::expect_lawful(samples_log_softmax); }
TEST(LogSumExp, ObeysTheLawsOfOperations) { laws::expect_lawful(samples_logsumexp); }

TEST(Softmax, GivesTheSharesOfOneTwoAndSeven) {
  const Tensor x = row({0, std::log(2), std::log(7)});
  const auto p = numbers(tensor::softmax(x)), log_p = numbers(tensor::log_softmax(x));
  const double shares[] = {.1, .2, .7};
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(p[i], shares[i], 1e-15);
    EXPECT_NEAR(log_p[i], std::log(shares[i]), 1e-15);
  }
  EXPECT_NEAR(tensor::logsumexp(x).item(), std::log(10), 1e-15);
}

TEST(Softmax, IsTheSameForLogitsOfTenThousand) {
  for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
    for (const double shift : {0., 1e4, -1e4}) {
      const Tensor x = row({shift, shift + 1, shift + 3}, dtype);
      const double sum = 1 + std::exp(1) + std::exp(3),
                   tolerance = dtype == DType::kFloat32 ? 1e-6 : 1e-14;
      const double steps[] = {0, 1, 3};
      const auto p = numbers(tensor::softmax(x)), log_p = numbers(tensor::log_softmax(x));
      for (int i = 0; i < 3; ++i) {
        EXPECT_NEAR(p[i], std::exp(steps[i]) / sum, tolerance) << name_of(dtype) << " " << shift;
        EXPECT_NEAR(log_p[i], steps[i] - std::log(sum), 3 * tolerance)
            << name_of(dtype) << " " << shift;
      }
      EXPECT_NEAR(tensor::logsumexp(x).item(), shift + std::log(sum),
                  1e-7 * std::abs(shift) + tolerance);
    }
  }
}

TEST(Softmax, SpreadsEvenlyOverEqualLogitsOfAWideRow) {
  const std::int64_t width = 50304;
  const Tensor x = Tensor::full({2, width}, 123.25);
  for (const float p : tensor::softmax(x).to_vector<float>()) {
    ASSERT_NEAR(p * double(width), 1, 1e-6);
  }
  for (const float l : tensor::logsumexp(x).to_vector<float>()) {
    EXPECT_NEAR(l, 123.25 + std::log(double(width)), 1e-5);
  }
}

TEST(Softmax, TreatsInfiniteLogitsAsImpossible) {
  for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
    const Tensor x = row({-kInf, 0, -kInf, 0}, dtype);
    EXPECT_EQ(numbers(tensor::softmax(x)), (std::vector<double>{0, .5, 0, .5}));
    EXPECT_EQ(numbers(tensor::log_softmax(x))[0], -kInf);
    EXPECT_EQ(tensor::logsumexp(row({-kInf, -kInf}, dtype)).item(), -kInf);
    EXPECT_TRUE(std::isnan(numbers(tensor::softmax(row({-kInf, -kInf}, dtype)))[0]));
    EXPECT_EQ(tensor::logsumexp(row({0, kInf}, dtype)).item(), kInf);
  }
}

TEST(LogSumExp, GivesNoGradientToImpossibleLogits) {
  const Variable x = parameter(row({-kInf, 0, 0}));
  backward(logsumexp(x), Tensor::full({1}, 2, DType::kFloat64));
  EXPECT_EQ(numbers(x.grad()), (std::vector<double>{0, 1, 1}));
}

TEST(Softmax, PassesNaNOnWhereverItStands) {
  for (const std::int64_t width : {1, 5, 16, 70}) {
    for (std::int64_t at = 0; at < width; ++at) {
      Tensor x = Tensor::zeros({1, width});
      x.data<float>()[at] = NAN;
      EXPECT_TRUE(std::isnan(numbers(tensor::softmax(x))[0])) << width << " at " << at;
      EXPECT_TRUE(std::isnan(numbers(tensor::log_softmax(x))[0])) << width << " at " << at;
      EXPECT_TRUE(std::isnan(tensor::logsumexp(x).item())) << width << " at " << at;
    }
  }
}

// A vector loop that reads behind a row or skips its end meets the NaN here.
TEST(Softmax, WritesEveryElementAndReadsNothingElse) {
  for (const std::int64_t width : {1, 3, 15, 16, 17, 63, 64, 65, 131}) {
    const std::int64_t rows = 5, stride = width + 7;
    std::vector<float> inp(rows * stride, NAN), y = inp, log_y = inp, lse(rows, NAN);
    std::vector<float> dx = inp, dlog_x = inp;
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < width; ++j) inp[i * stride + j] = float((i + 3 * j) % 11);
    }
    const auto view = [&](std::vector<float>& v) {
      return View<float>{v.data(), rows, width, stride};
    };
    cpu::softmax_forward<float>(view(y), view(inp));
    cpu::log_softmax_forward<float>(view(log_y), view(inp));
    cpu::logsumexp_forward<float>(lse.data(), view(inp));
    cpu::softmax_backward<float>(view(dx), false, view(inp), view(y));
    cpu::log_softmax_backward<float>(view(dlog_x), false, view(inp), view(log_y));
    for (std::int64_t i = 0; i < rows; ++i) {
      double sum = 0;
      for (std::int64_t j = 0; j < stride; ++j) {
        const std::int64_t at = i * stride + j;
        for (const auto* v : {&y, &log_y, &dx, &dlog_x}) {
          ASSERT_EQ(std::isfinite((*v)[at]), j < width) << "width " << width << " at " << at;
        }
        if (j < width) sum += y[at];
      }
      EXPECT_NEAR(sum, 1, 1e-6);
      EXPECT_TRUE(std::isfinite(lse[i]));
    }
  }
}

TEST(Softmax, SaysWhatDoesNotFit) {
  EXPECT_THROW(tensor::softmax(Tensor::scalar(1)), ShapeError);
  EXPECT_THROW(tensor::logsumexp(Tensor::zeros({2, 0})), ShapeError);
  EXPECT_THROW(tensor::log_softmax(Tensor::zeros({2, 2}, DType::kInt32)), DTypeError);
}

}  // namespace
}  // namespace pupil
