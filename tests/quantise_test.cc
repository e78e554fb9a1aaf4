// NF4 and int8 (kernels/quantise.h, tensor/quantise.h): what the definitions promise, at every
// length, and products with a quantised matrix.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/sample.h"
#include "kernels/parallel.h"
#include "kernels/quantise.h"
#include "tensor/error.h"
#include "tensor/matmul.h"
#include "tensor/quantise.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

using small::difference;
using small::same_bits;

std::vector<float> random_floats(std::int64_t n) {
  return randn({n}).to(DType::kFloat32).to_vector<float>();
}

struct Nf4 {
  explicit Nf4(const std::vector<float>& x)
      : packed((x.size() + 1) / 2), absmax((x.size() + 63) / 64), restored(x.size()) {
    cpu::nf4_quantise<float>(packed.data(), absmax.data(), x.data(), std::int64_t(x.size()));
    cpu::nf4_dequantise<float>(restored.data(), packed.data(), absmax.data(),
                               std::int64_t(x.size()));
  }
  std::vector<std::uint8_t> packed;
  std::vector<float> absmax, restored;
};

// The widest gap of the code book is .3 of a block's largest number: half of it is the bound.
TEST(Nf4, RestoresEveryNumberToTheNearestCodeAtEveryLength_B133) {
  reset_sample_seed(3);
  for (const std::int64_t n : {1, 2, 63, 64, 65, 127, 128, 129, 640, 16384, 16385}) {
    const std::vector<float> x = random_floats(n);
    const Nf4 q(x);
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t begin = i / 64 * 64, end = std::min(n, begin + 64);
      float largest = 0;
      for (std::int64_t j = begin; j < end; ++j) largest = std::max(largest, std::abs(x[j]));
      ASSERT_EQ(q.absmax[i / 64], largest) << n;
      float best = INFINITY;
      for (const float code : cpu::kNf4) best = std::min(best, std::abs(code * largest - x[i]));
      ASSERT_LE(std::abs(q.restored[i] - x[i]), best * (1 + 1e-5f) + 1e-6f) << i << " of " << n;
    }
    if (n % 2) {
      EXPECT_EQ(q.packed.back() & 15, 7) << "padded with the code of 0";
    }
  }
}

TEST(Nf4, KeepsTheLargestOfABlockAndZeroExactly) {
  std::vector<float> x(130, 0.0f);
  x[3] = -2.5f, x[70] = 0.125f;
  const Nf4 q(x);
  EXPECT_EQ(q.restored, x);
}

TEST(Nf4, ATieGoesToTheLowerCode) {
  const float middle = (cpu::kNf4[9] + cpu::kNf4[10]) / 2;
  const Nf4 q({1.0f, middle, std::nextafter(middle, 1.0f)});
  EXPECT_EQ(q.packed[0] & 15, 9);
  EXPECT_EQ(q.packed[1] >> 4, 10);
}

TEST(Nf4, AgreesBitForBitWithEveryNumberOfThreadsAndInBothTypes) {
  reset_sample_seed(4);
  const std::vector<float> x = random_floats(40000);
  std::vector<double> wide(x.begin(), x.end()), restored(x.size());
  const int before = threads();
  set_threads(1);
  const Nf4 one(x);
  set_threads(4);
  const Nf4 four(x);
  std::vector<std::uint8_t> packed(x.size() / 2);
  std::vector<float> absmax(x.size() / 64);
  cpu::nf4_quantise<double>(packed.data(), absmax.data(), wide.data(), std::int64_t(x.size()));
  cpu::nf4_dequantise<double>(restored.data(), packed.data(), absmax.data(),
                              std::int64_t(x.size()));
  set_threads(before);
  EXPECT_EQ(one.packed, four.packed);
  EXPECT_EQ(one.restored, four.restored);
  EXPECT_EQ(one.packed, packed);
  EXPECT_TRUE(std::ranges::equal(one.restored, restored));
}

TEST(Scales, OfScalesComeBackWithinAStepOfTheirMap_B133) {
  reset_sample_seed(5);
  for (const int n : {1, 2, 255, 256, 257, 1000}) {
    std::vector<float> absmax = random_floats(n);
    for (float& a : absmax) a = 1 + 0.1f * std::abs(a);
    std::vector<std::uint8_t> codes(n);
    std::vector<float> absmax2((n + 255) / 256), again(n);
    const float offset = cpu::quantise_scales(codes, absmax2, absmax);
    cpu::dequantise_scales(again, codes, absmax2, offset);
    for (int b = 0; b < n; ++b) {
      // The map's widest step is 0.9 / 64: half of it, in units of the block.
      EXPECT_LE(std::abs(again[b] - absmax[b]), 0.0071f * absmax2[b / 256] + 1e-6f) << b << n;
    }
  }
}

TEST(Scales, ThatAreAllEqualAreKept) {
  std::vector<float> absmax(300, 0.75f), absmax2(2), again(300);
  std::vector<std::uint8_t> codes(300);
  const float offset = cpu::quantise_scales(codes, absmax2, absmax);
  cpu::dequantise_scales(again, codes, absmax2, offset);
  EXPECT_EQ(again, absmax);
}

TEST(Int8, RoundsEachRowToNearestWithTiesToEven) {
  const Tensor x = Tensor::from<float>({3, 4}, {127, 2.5, 3.5, -0.5, 0, 0, 0, 0, 1, -2, 0.5, 0.25});
  std::vector<std::int8_t> codes(12);
  std::vector<float> absmax(3);
  cpu::int8_quantise<float>(codes.data(), absmax.data(), x.view<float>());
  EXPECT_EQ(absmax, (std::vector<float>{127, 0, 2}));
  EXPECT_EQ(codes, (std::vector<std::int8_t>{127, 2, 4, 0, 0, 0, 0, 0, 64, -127, 32, 16}));
}

TEST(QuantisedMatrix, MultipliesAsTheMatrixThatItStandsFor) {
  reset_sample_seed(6);
  for (const Quantisation kind : {Quantisation::kNf4, Quantisation::kInt8}) {
    for (const auto& [in, out, rows] :
         {std::array{1, 1, 1}, {7, 65, 3}, {33, 130, 70}, {64, 64, 1}}) {
      for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
        const QuantisedMatrix w = tensor::quantise(randn({in, out}), kind);
        const Tensor full = tensor::dequantise(w, dtype), x = randn({rows, in}).to(dtype);
        const Tensor dy = randn({rows, out}).to(dtype), dx = Tensor::empty({rows, in}, dtype);
        const double bound = dtype == DType::kFloat64 ? 1e-13 : 1e-5;
        ASSERT_EQ(full.shape(), (Shape{out, in}));
        EXPECT_LE(difference(tensor::quantised_matmul(x, w), tensor::matmul(x, false, full, true)),
                  bound);
        tensor::quantised_matmul_backward(dx, /*add=*/false, dy, w);
        EXPECT_LE(difference(dx, tensor::matmul(dy, false, full, false)), bound);
      }
    }
  }
}

TEST(QuantisedMatrix, TakesFourBitsAndAnEighthOrEightBitsANumber) {
  const Tensor weight = randn({768, 256}).to(DType::kFloat32);
  const double n = double(weight.numel());
  EXPECT_NEAR(8 * double(tensor::quantise(weight, Quantisation::kNf4).bytes()) / n, 4.127, 0.001);
  EXPECT_NEAR(8 * double(tensor::quantise(weight, Quantisation::kInt8).bytes()) / n, 8 + 32.0 / 768,
              1e-9);
}

TEST(QuantisedMatrix, OfNaNIsRefused) {
  Tensor weight = Tensor::zeros({3, 3});
  weight.data<float>()[4] = NAN;
  EXPECT_THROW(tensor::quantise(weight, Quantisation::kNf4), InputError);
}

}  // namespace
}  // namespace pupil
