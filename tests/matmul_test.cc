// Tensor-free tests of the matrix product on the CPU against three nested loops in double.
#include "kernels/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/blas_core.h"
#include "kernels/parallel.h"

namespace pupil::cpu {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A matrix with `gap` unused numbers after each row; they hold NaN and must stay so.
template <class T>
struct Matrix {
  std::int64_t rows, width, gap;
  std::vector<T> numbers;

  Matrix(std::int64_t rows, std::int64_t width, std::int64_t gap, T fill = T(kNan))
      : rows(rows), width(width), gap(gap), numbers(rows * (width + gap), T(kNan)) {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < width; ++j) at(i, j) = fill;
    }
  }

  static Matrix random(std::int64_t rows, std::int64_t width, std::int64_t gap, unsigned seed) {
    Matrix m(rows, width, gap);
    std::mt19937 source(seed);
    std::uniform_real_distribution<double> uniform(-1, 1);
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < width; ++j) m.at(i, j) = static_cast<T>(uniform(source));
    }
    return m;
  }

  std::int64_t stride() const { return width + gap; }
  T& at(std::int64_t i, std::int64_t j) { return numbers[i * stride() + j]; }
  T at(std::int64_t i, std::int64_t j) const { return numbers[i * stride() + j]; }
  View<T> view() { return {numbers.data(), rows, width, stride()}; }
  View<const T> view() const { return {numbers.data(), rows, width, stride()}; }
};

template <class T>
bool same_bits(const Matrix<T>& a, const Matrix<T>& b) {
  return a.numbers.size() == b.numbers.size() &&
         std::memcmp(a.numbers.data(), b.numbers.data(), a.numbers.size() * sizeof(T)) == 0;
}

struct Shape {
  std::int64_t m, n, k;
};

struct Form {
  bool trans_a, trans_b;
  std::int64_t gap;
  double alpha, beta;
};

// Expects the product of random matrices to be right up to the rounding of sums of K numbers
// below 1.
template <class T>
void expect_right(const Shape& s, const Form& f) {
  const auto a = Matrix<T>::random(f.trans_a ? s.k : s.m, f.trans_a ? s.m : s.k, f.gap, 1);
  const auto b = Matrix<T>::random(f.trans_b ? s.n : s.k, f.trans_b ? s.k : s.n, f.gap, 2);
  auto out = f.beta == 0 ? Matrix<T>(s.m, s.n, f.gap) : Matrix<T>::random(s.m, s.n, f.gap, 3);
  const auto before = out;
  matmul(out.view(), a.view(), f.trans_a, b.view(), f.trans_b, static_cast<T>(f.alpha),
         static_cast<T>(f.beta));
  const double tolerance = 4 * std::numeric_limits<T>::epsilon() * (8 + s.k);
  const std::string name = std::to_string(s.m) + "x" + std::to_string(s.n) + "x" +
                           std::to_string(s.k) + (f.trans_a ? " T" : " N") +
                           (f.trans_b ? "T" : "N") + " gap " + std::to_string(f.gap);
  for (std::int64_t i = 0; i < s.m; ++i) {
    for (std::int64_t j = 0; j < s.n; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < s.k; ++k) {
        sum += double{f.trans_a ? a.at(k, i) : a.at(i, k)} *
               double{f.trans_b ? b.at(j, k) : b.at(k, j)};
      }
      const double right = f.alpha * sum + (f.beta == 0 ? 0 : f.beta * before.at(i, j));
      ASSERT_NEAR(out.at(i, j), right, tolerance) << name << " at (" << i << ", " << j << ")";
    }
    for (std::int64_t j = s.n; j < s.n + f.gap; ++j) {
      ASSERT_TRUE(std::isnan(out.numbers[i * out.stride() + j]))
          << name << ": wrote past row " << i;
    }
  }
}

template <class T>
class Matmul : public testing::Test {
 protected:
  void TearDown() override { set_threads(before_); }

 private:
  int before_ = threads();
};
using Numbers = testing::Types<float, double>;
TYPED_TEST_SUITE(Matmul, Numbers);

// Single numbers and vectors, odd sizes, and sizes at which the output is cut into tiles, one row
// or column more and one less than a whole number of them.
const std::vector<Shape> kShapes = {
    {1, 1, 1},      {1, 7, 5},      {7, 1, 5},      {3, 5, 7},       {2, 2, 129},
    {17, 33, 65},   {129, 257, 65}, {255, 127, 99}, {256, 128, 128}, {257, 129, 128},
    {33, 31, 3001}, {1, 385, 511},  {1, 513, 769},  {1537, 1, 300},  {769, 1, 400},
    {1, 200, 1500}, {2, 1025, 800}, {1023, 3, 999}, {864, 96, 97},
};

TYPED_TEST(Matmul, EqualsTheTripleLoopForAllTransposesAndStrides) {
  for (const Shape& shape : kShapes) {
    for (int form = 0; form < 8; ++form) {
      expect_right<TypeParam>(shape, {(form & 1) != 0, (form & 2) != 0, form & 4 ? 3 : 0, 1, 0});
    }
  }
}

TYPED_TEST(Matmul, ScalesAndAccumulates) {
  for (const Shape& shape : {Shape{5, 6, 7}, {1, 600, 500}, {600, 1, 500}, {257, 129, 128}}) {
    for (const auto& [alpha, beta] :
         {std::pair{1., 1.}, {.5, 0.}, {-2., .25}, {0., 1.}, {0., 0.}}) {
      expect_right<TypeParam>(shape, {false, false, 1, alpha, beta});
      expect_right<TypeParam>(shape, {true, true, 1, alpha, beta});
    }
  }
}

TYPED_TEST(Matmul, DoesNotReadOutWithBetaZero) {
  for (const Shape& shape : kShapes) {
    auto out = Matrix<TypeParam>(shape.m, shape.n, 0, TypeParam(kNan));
    const auto a = Matrix<TypeParam>(shape.m, shape.k, 0, 1);
    const auto b = Matrix<TypeParam>(shape.k, shape.n, 0, 1);
    matmul(out.view(), a.view(), false, b.view(), false, TypeParam(1), TypeParam(0));
    for (TypeParam x : out.numbers) ASSERT_EQ(x, TypeParam(shape.k));
  }
}

TYPED_TEST(Matmul, WithoutInnerDimensionIsBetaTimesOut) {
  for (const Shape& shape : {Shape{3, 4, 0}, {1, 4, 0}, {4, 1, 0}}) {
    expect_right<TypeParam>(shape, {false, false, 2, 1, 0});
    expect_right<TypeParam>(shape, {true, true, 2, 1, .5});
  }
}

TYPED_TEST(Matmul, OfNothingDoesNothing) {
  Matrix<TypeParam> nothing(0, 5, 0), a(0, 3, 0), b(3, 5, 0, 1);
  matmul(nothing.view(), a.view(), false, b.view(), false);
  Matrix<TypeParam> narrow(4, 0, 0), c(4, 3, 0, 1), d(3, 0, 0);
  matmul(narrow.view(), c.view(), false, d.view(), false);
  EXPECT_TRUE(nothing.numbers.empty() && narrow.numbers.empty());
}

TYPED_TEST(Matmul, HasTheSameBitsForEveryNumberOfThreads) {
  for (const Shape& s : {Shape{864, 288, 96},
                         {513, 769, 70},
                         {97, 289, 864},
                         {1, 3001, 300},
                         {3001, 1, 300},
                         {4, 5000, 129},
                         {2000, 8, 256}}) {
    for (int form = 0; form < 4; ++form) {
      const bool trans_a = form & 1, trans_b = form & 2;
      const auto a = Matrix<TypeParam>::random(trans_a ? s.k : s.m, trans_a ? s.m : s.k, 0, 4);
      const auto b = Matrix<TypeParam>::random(trans_b ? s.n : s.k, trans_b ? s.k : s.n, 0, 5);
      Matrix<TypeParam> first(s.m, s.n, 0);
      set_threads(1);
      matmul(first.view(), a.view(), trans_a, b.view(), trans_b);
      for (int count : {1, 2, 3, 7}) {
        set_threads(count);
        for (int run = 0; run < 3; ++run) {
          Matrix<TypeParam> out(s.m, s.n, 0);
          matmul(out.view(), a.view(), trans_a, b.view(), trans_b);
          ASSERT_TRUE(same_bits(out, first)) << s.m << "x" << s.n << "x" << s.k << ", form " << form
                                             << ", " << count << " threads, run " << run;
        }
      }
    }
  }
}

TYPED_TEST(Matmul, InsideAParallelLoopHasTheSameBits) {
  const auto a = Matrix<TypeParam>::random(300, 200, 0, 6),
             b = Matrix<TypeParam>::random(200, 260, 0, 7);
  Matrix<TypeParam> alone(300, 260, 0);
  matmul(alone.view(), a.view(), false, b.view(), false);
  std::vector<Matrix<TypeParam>> out(5, Matrix<TypeParam>(300, 260, 0));
  set_threads(3);
  parallel_for(5, [&](std::int64_t i) { matmul(out[i].view(), a.view(), false, b.view(), false); });
  for (const auto& x : out) EXPECT_TRUE(same_bits(x, alone));
}

TYPED_TEST(Matmul, InABatchEqualsOneByOne) {
  constexpr std::int64_t kBatch = 5;
  for (const Shape& s : {Shape{6, 7, 8}, {1, 40, 30}, {40, 1, 30}, {200, 180, 120}, {6, 7, 0}}) {
    for (const std::int64_t b_step : {s.k * s.n + 11, std::int64_t{0}}) {
      auto a = Matrix<TypeParam>::random(kBatch, s.m * s.k + 2, 0, 8);
      auto b = Matrix<TypeParam>::random(kBatch, s.k * s.n + 11, 0, 9);
      auto out = Matrix<TypeParam>::random(kBatch, s.m * s.n + 1, 0, 10);
      auto single = out;
      const auto view = [](Matrix<TypeParam>& m, std::int64_t start, std::int64_t rows,
                           std::int64_t width) {
        return dense(m.numbers.data() + start, rows, width);
      };
      for (std::int64_t i = 0; i < kBatch; ++i) {
        matmul(view(single, i * single.stride(), s.m, s.n), view(a, i * a.stride(), s.m, s.k),
               false, view(b, i * b_step, s.n, s.k), true, TypeParam(.5), TypeParam(2));
      }
      batched_matmul(kBatch, view(out, 0, s.m, s.n), out.stride(), view(a, 0, s.m, s.k), a.stride(),
                     false, view(b, 0, s.n, s.k), b_step, true, TypeParam(.5), TypeParam(2));
      EXPECT_TRUE(same_bits(out, single)) << s.m << "x" << s.n << "x" << s.k << " step " << b_step;
    }
  }
}

TEST(MatmulBackend, NamesLibraryAndCore) {
  const std::string name = matmul_backend();
  EXPECT_EQ(name.rfind("OpenBLAS ", 0), 0u) << name;
  EXPECT_NE(name.find(blas_core_name()), std::string::npos) << name;
}

}  // namespace
}  // namespace pupil::cpu
