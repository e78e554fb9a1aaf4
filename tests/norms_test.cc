// Layer norm and rms norm: the laws of operations, and what samples cannot show.
#include "tensor/norms.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/layer_norm.h"
#include "tensor/error.h"
#include "tests/op_laws.h"

namespace pupil {
namespace {

TEST(LayerNorm, ObeysTheLawsOfOperations) { laws::expect_lawful(samples_layer_norm); }
TEST(RmsNorm, ObeysTheLawsOfOperations) { laws::expect_lawful(samples_rms_norm); }

TEST(LayerNorm, GivesTheKnownValueOfThreeNumbers) {
  // 1, 2, 3: mean 2, variance 2/3.
  const Tensor x = Tensor::from<double>({1, 3}, std::vector{1., 2., 3.});
  const Tensor weight = Tensor::from<double>({3}, std::vector{1., 10., 100.});
  const Tensor bias = Tensor::from<double>({3}, std::vector{0., 7., 0.});
  const double eps = 0.01, r = 1 / std::sqrt(2. / 3 + eps);
  const auto result = tensor::layer_norm(x, weight, bias, eps);
  const auto y = result.out.to_vector<double>();
  EXPECT_NEAR(y[0], -r, 1e-14);
  EXPECT_NEAR(y[1], 7, 1e-14);
  EXPECT_NEAR(y[2], 100 * r, 1e-12);
  EXPECT_NEAR(result.mean.item(), 2, 1e-15);
  EXPECT_NEAR(result.rstd.item(), r, 1e-15);
}

TEST(RmsNorm, GivesTheKnownValueOfTwoNumbers) {
  // 3, 4: mean square 12.5.
  const Tensor x = Tensor::from<double>({1, 2}, std::vector{3., 4.});
  const Tensor weight = Tensor::from<double>({2}, std::vector{1., 10.});
  const double r = 1 / std::sqrt(12.5 + 0.5);
  const auto y = tensor::rms_norm(x, weight, 0.5).out.to_vector<double>();
  EXPECT_NEAR(y[0], 3 * r, 1e-15);
  EXPECT_NEAR(y[1], 40 * r, 1e-14);
}

// The same numbers in f32 and f64: what differs is the arithmetic, not the input.
TEST(LayerNorm, KeepsItsDigitsWhenTheMeanIsTenThousandDeviations) {
  for (const std::int64_t width : {33, 384, 768}) {
    reset_sample_seed(3);
    Tensor x = randn({8, width}).to(DType::kFloat32).clone();
    for (float& value : x.span<float>()) value += 1e4f;
    const Tensor one = Tensor::full({width}, 1), zero = Tensor::zeros({width});
    const auto narrow = tensor::layer_norm(x, one, zero, 1e-5);
    const auto wide = tensor::layer_norm(x.to(DType::kFloat64), one.to(DType::kFloat64),
                                         zero.to(DType::kFloat64), 1e-5);
    laws::expect_close(narrow.out, wide.out, 2e-6, "out");
    laws::expect_close(narrow.rstd, wide.rstd, 2e-6, "rstd");
    laws::expect_close(narrow.mean, wide.mean, 1e-7, "mean");
  }
}

TEST(LayerNorm, GivesTheBiasWhereTheVarianceIsZero) {
  const Tensor x = Tensor::full({2, 50}, 1234.5678), one = Tensor::full({50}, 1);
  const auto result = tensor::layer_norm(x, one, Tensor::full({50}, 3), 1e-5);
  for (const float y : result.out.to_vector<float>()) EXPECT_EQ(y, 3);
}

// A vector loop that reads behind a row or skips its end meets the NaN here.
TEST(LayerNorm, WritesEveryElementAndReadsNothingElse) {
  const float nan = NAN;
  for (const std::int64_t rows : {1, 4, 7, 67}) {
    for (const std::int64_t width : {1, 3, 15, 16, 17, 31, 33}) {
      const std::int64_t stride = width + 5;
      std::vector<float> inp(rows * stride, nan), out(rows * stride, nan), dinp(rows * stride, nan);
      std::vector<float> mean(rows, nan), rstd(rows, nan), dw(width, 1), db(width, 1);
      std::vector<float> weight(width + 16, nan), bias(width + 16, nan);
      std::vector<float> scratch(cpu::layer_norm_scratch(rows, width), nan);
      for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < width; ++j) inp[i * stride + j] = float((i + j * j) % 7);
      }
      for (std::int64_t j = 0; j < width; ++j) weight[j] = bias[j] = 1;
      const auto view = [&](std::vector<float>& v) {
        return View<float>{v.data(), rows, width, stride};
      };
      cpu::layer_norm_forward<float>(view(out), mean.data(), rstd.data(), view(inp), weight.data(),
                                     bias.data(), 1e-5f);
      cpu::layer_norm_backward<float>(view(dinp), false, dw.data(), db.data(), scratch.data(),
                                      view(out), view(inp), weight.data(), mean.data(),
                                      rstd.data());
      for (std::int64_t i = 0; i < rows * stride; ++i) {
        const bool inside = i % stride < width;
        ASSERT_EQ(std::isfinite(out[i]), inside) << rows << " x " << width << " out " << i;
        ASSERT_EQ(std::isfinite(dinp[i]), inside) << rows << " x " << width << " dinp " << i;
      }
      for (std::int64_t j = 0; j < width; ++j) {
        ASSERT_TRUE(std::isfinite(dw[j]) && std::isfinite(db[j])) << rows << " x " << width;
      }
    }
  }
}

TEST(LayerNorm, NormalisesARowAloneAsInABatch) {
  reset_sample_seed(4);
  const Tensor x = randn({67, 50}).to(DType::kFloat32), weight = randn({50}).to(DType::kFloat32);
  const Tensor all = tensor::layer_norm(x, weight, weight, 1e-5).out;
  for (const std::int64_t i : {0, 5, 66}) {
    const Tensor alone = tensor::layer_norm(x.rows(i, i + 1), weight, weight, 1e-5).out;
    EXPECT_EQ(alone.to_vector<float>(), all.rows(i, i + 1).to_vector<float>()) << "row " << i;
  }
}

TEST(LayerNorm, LeavesOutTheGradientsNobodyWants) {
  const auto gradient_of_x = [](bool frozen) {
    reset_sample_seed(5);
    const Variable x = parameter(randn({9, 20}));
    const Tensor weight = randn({20}), bias = randn({20});
    const Variable y = frozen ? layer_norm(x, constant(weight), constant(bias), 1e-5)
                              : layer_norm(x, parameter(weight), parameter(bias), 1e-5);
    backward(y, randn({9, 20}));
    return x.grad();
  };
  laws::expect_close(gradient_of_x(true), gradient_of_x(false), 1e-15, "frozen parameters");

  reset_sample_seed(6);
  const Variable bias = parameter(randn({20}));
  const Tensor dy = randn({9, 20});
  backward(layer_norm(constant(randn({9, 20})), constant(randn({20})), bias, 1e-5), dy);
  const auto db = bias.grad().to_vector<double>(), all = dy.to_vector<double>();
  for (int j = 0; j < 20; ++j) {
    double sum = 0;
    for (int i = 0; i < 9; ++i) sum += all[i * 20 + j];
    EXPECT_NEAR(db[j], sum, 1e-13);
  }
}

TEST(LayerNorm, AddsToTheGradientOfTheWeight) {
  reset_sample_seed(7);
  const Tensor x = randn({70, 6}), dy = randn({70, 6});
  const Variable weight = parameter(randn({6})), bias = parameter(randn({6}));
  backward(layer_norm(constant(x), weight, bias, 1e-5), dy);
  const auto once = weight.grad().to_vector<double>();
  backward(layer_norm(constant(x), weight, bias, 1e-5), dy);
  const auto twice = weight.grad().to_vector<double>();
  for (int j = 0; j < 6; ++j) EXPECT_NEAR(twice[j], 2 * once[j], 1e-13);
}

TEST(Norms, SayWhatDoesNotFit) {
  const Variable x = constant(Tensor::zeros({2, 3})), w = constant(Tensor::zeros({4}));
  const Variable good = constant(Tensor::zeros({3}));
  const auto message = [](auto&& call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message([&] { layer_norm(x, w, good, 1e-5); }),
            "[layer_norm] weight is (4) f32, x is (2, 3) f32; weight must be (3), as long as x's "
            "last axis");
  EXPECT_THROW(layer_norm(x, good, w, 1e-5), ShapeError);
  EXPECT_THROW(rms_norm(x, w, 1e-5), ShapeError);
  EXPECT_THROW(rms_norm(x, constant(Tensor::zeros({3}, DType::kFloat64)), 1e-5), DTypeError);
  EXPECT_THROW(layer_norm(x, good, good, -1), Error);
  EXPECT_THROW(rms_norm(constant(Tensor::scalar(1)), good, 1e-5), ShapeError);
}

}  // namespace
}  // namespace pupil
