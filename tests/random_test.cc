// Philox against its authors' known answers, and the distributions made from it.
#include "kernels/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "autograd/operations.h"
#include "kernels/parallel.h"
#include "tensor/error.h"
#include "tensor/random.h"
#include "tests/op_laws.h"

namespace pupil {
namespace {

std::vector<std::uint32_t> words(std::uint64_t index, std::uint64_t stream, std::uint64_t seed) {
  const PhiloxWords w = philox(index, stream, seed);
  return {w.word, w.word + 4};
}

// Random123's kat_vectors, lines "philox4x32 10".
TEST(Philox, GivesTheKnownAnswers) {
  using Words = std::vector<std::uint32_t>;
  EXPECT_EQ(words(0, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(words(~0ull, ~0ull, ~0ull), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(words(0x85a308d3243f6a88, 0x0370734413198a2e, 0x299f31d0a4093822),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Uniform, CoversTheHalfOpenInterval) {
  EXPECT_EQ(uniform(0, 0), 0.0);
  EXPECT_EQ(uniform(~0u, ~0u), 1 - 0x1p-53);
  const auto values = tensor::uniform({100000}, -2, 3, 1, 2, DType::kFloat64).to_vector<double>();
  double sum = 0;
  for (const double x : values) {
    ASSERT_GE(x, -2);
    ASSERT_LT(x, 3);
    sum += x;
  }
  EXPECT_NEAR(sum / 1e5, 0.5, 5 * 5 / std::sqrt(12 * 1e5));  // five standard errors
}

TEST(Normal, HasTheMomentsOfTheNormalDistribution) {
  const double n = 200001;
  const auto values =
      tensor::normal({std::int64_t(n)}, 3, 2, 11, 4, DType::kFloat64).to_vector<double>();
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  for (double x : values) {
    x = (x - 3) / 2;
    m1 += x, m2 += x * x, m3 += x * x * x, m4 += x * x * x * x;
  }
  EXPECT_NEAR(m1 / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(m2 / n, 1, 5 * std::sqrt(2 / n));
  EXPECT_NEAR(m3 / n, 0, 5 * std::sqrt(15 / n));
  EXPECT_NEAR(m4 / n, 3, 5 * std::sqrt(96 / n));
}

TEST(Normal, IsAFunctionOfSeedStreamAndIndexAlone) {
  const auto make = [](int thread_count, std::int64_t n, std::uint64_t seed, std::uint64_t stream) {
    set_threads(thread_count);
    return tensor::normal({n}, 0, 1, seed, stream, DType::kFloat64).to_vector<double>();
  };
  const auto one = make(1, 20001, 5, 6);
  EXPECT_EQ(one, make(2, 20001, 5, 6));
  auto longer = make(2, 30000, 5, 6);
  longer.resize(20001);
  EXPECT_EQ(one, longer) << "a prefix does not depend on the length";
  EXPECT_NE(one, make(2, 20001, 5, 7));
  EXPECT_NE(one, make(2, 20001, 6, 6));
  const auto rounded = tensor::normal({20001}, 0, 1, 5, 6).to_vector<float>();
  for (std::size_t i = 0; i < one.size(); ++i) ASSERT_EQ(rounded[i], float(one[i]));
}

TEST(Dropout, ObeysTheLawsOfOperations) { laws::expect_lawful(samples_dropout); }

TEST(Dropout, KeepsItsShareAndScalesIt) {
  const Tensor ones = Tensor::full({1000, 100}, 1, DType::kFloat64);
  const auto y = dropout(constant(ones), 0.25, 3, 9).value().to_vector<double>();
  double kept = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const bool keep = philox(i / 4, 9, 3).word[i % 4] >= 0x40000000u;  // the contract, word by word
    ASSERT_EQ(y[i], keep ? 1 / 0.75 : 0.0) << i;
    kept += keep;
  }
  EXPECT_NEAR(kept / 1e5, 0.75, 5 * std::sqrt(0.25 * 0.75 / 1e5));
}

TEST(Dropout, OfNothingIsTheIdentityAndOfEverythingAnError) {
  const Variable x = parameter(Tensor::full({4}, 2));
  EXPECT_EQ(dropout(x, 0, 1, 1).leaf(), x.leaf());
  for (const double p : {1.0, -0.1, std::nan("")}) EXPECT_THROW(dropout(x, p, 1, 1), UsageError);
}

TEST(Dropout, DropsNaNToo) {
  const Tensor x = Tensor::full({64}, NAN);
  for (const float y : dropout(constant(x), 0.5, 1, 1).value().to_vector<float>()) {
    EXPECT_TRUE(y == 0 || std::isnan(y));
  }
}

}  // namespace
}  // namespace pupil
