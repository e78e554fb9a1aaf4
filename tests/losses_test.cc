// Cross-entropies: laws, masks, extreme logits, errors, and the fused head.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "kernels/cross_entropy.h"
#include "kernels/view.h"
#include "tensor/error.h"
#include "tensor/linear_cross_entropy.h"
#include "tensor/storage.h"
#include "tests/op_laws.h"

namespace pupil {
namespace {

Tensor targets_of(std::initializer_list<std::int32_t> values) {
  return Tensor::from<std::int32_t>({std::int64_t(values.size())}, std::vector(values));
}
Tensor f64(const Shape& shape, std::initializer_list<double> values) {
  return Tensor::from<double>(shape, std::vector(values));
}
std::vector<double> gradient_of(const Variable& x) { return x.grad().to_vector<double>(); }

TEST(GatherLogprob, ObeysTheLawsOfOperations) { laws::expect_lawful(samples_gather_logprob); }
TEST(MaskedCrossEntropy, ObeysTheLawsOfOperations) {
  laws::expect_lawful(samples_masked_cross_entropy);
}
TEST(WeightedCrossEntropy, ObeysTheLawsOfOperations) {
  laws::expect_lawful(samples_weighted_cross_entropy);
}
TEST(LinearCrossEntropy, ObeysTheLawsOfOperations) {
  laws::expect_lawful(samples_linear_cross_entropy);
}

TEST(MaskedCrossEntropy, OfTwoWordsIsTheLogisticLoss) {
  const Variable z = parameter(f64({1, 2}, {0.3, 1.0}));
  const Variable loss = masked_cross_entropy(z, targets_of({0}));
  EXPECT_NEAR(loss.value().item(), std::log1p(std::exp(0.7)), 1e-15);
  backward(loss);
  const double p = 1 / (1 + std::exp(-0.7));
  EXPECT_NEAR(gradient_of(z)[0], -p, 1e-15);
  EXPECT_NEAR(gradient_of(z)[1], p, 1e-15);
}

TEST(MaskedCrossEntropy, OfEqualLogitsIsLogVWithAnySmoothing) {
  for (const double e : {0.0, 0.1, 0.9}) {
    const Tensor z = Tensor::full({3, 50}, -4.5, DType::kFloat64);
    const Variable loss = masked_cross_entropy(constant(z), targets_of({0, 49, 7}), e);
    EXPECT_NEAR(loss.value().item(), 3 * std::log(50.0), 1e-13);
  }
}

TEST(MaskedCrossEntropy, NeverReadsMaskedRows) {
  for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
    reset_sample_seed(3);
    const Tensor clean = randn({4, 37}).to(dtype).clone(), dirty = clean.clone();
    for (const int row : {0, 2}) dirty.rows(row, row + 1).fill_(NAN);
    const Tensor targets = targets_of({kIgnoreIndex, 3, kIgnoreIndex, 36});
    const Variable a = parameter(clean), b = parameter(dirty);
    const Variable loss_a = masked_cross_entropy(a, targets, 0.1);
    const Variable loss_b = masked_cross_entropy(b, targets, 0.1);
    EXPECT_EQ(loss_a.value().item(), loss_b.value().item());
    backward(loss_a);
    backward(loss_b);
    const auto grad_a = a.grad().to(DType::kFloat64).to_vector<double>();
    const auto grad_b = b.grad().to(DType::kFloat64).to_vector<double>();
    EXPECT_EQ(grad_a, grad_b);
    for (int j = 0; j < 37; ++j) EXPECT_EQ(grad_a[j], 0) << "row 0 is masked";
  }
}

TEST(WeightedCrossEntropy, NeverReadsRowsOfWeightZero) {
  const Variable z = parameter(f64({2, 2}, {NAN, INFINITY, 0, 0}));
  const Variable loss = weighted_cross_entropy(z, targets_of({0, 1}), f64({2}, {0, -2}));
  EXPECT_NEAR(loss.value().item(), -2 * std::log(2.0), 1e-15);
  backward(loss);
  EXPECT_EQ(gradient_of(z), (std::vector<double>{0, 0, -1, 1}));
}

TEST(MaskedCrossEntropy, OfLogitsOfTenThousandIsExact) {
  for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
    const Variable z =
        parameter(f64({2, 3}, {1e4, -1e4, 1e4 - 1, -1e4, -1e4, -1e4}).to(dtype).clone());
    const Variable loss = masked_cross_entropy(z, targets_of({2, 0}));
    const double want = std::log1p(std::exp(-1)) + 1 + std::log(3.0);
    EXPECT_NEAR(loss.value().item(), want, dtype == DType::kFloat32 ? 1e-6 : 1e-12);
    backward(loss);
    const auto g = z.grad().to(DType::kFloat64).to_vector<double>();
    const double p = 1 / (1 + std::exp(-1));
    const double expected[] = {p, 0, -p, 1 / 3. - 1, 1 / 3., 1 / 3.};
    for (int i = 0; i < 6; ++i) EXPECT_NEAR(g[i], expected[i], 1e-6) << i;
  }
}

TEST(MaskedCrossEntropy, PassesNaNOn) {
  for (const int column : {0, 17, 32}) {
    const Tensor z = Tensor::zeros({1, 33});
    z.data<float>()[column] = NAN;
    const Variable x = parameter(z);
    const Variable loss = masked_cross_entropy(x, targets_of({5}));
    EXPECT_TRUE(std::isnan(loss.value().item())) << column;
    const Variable eye = parameter(Tensor::full({1, 1}, 1)), head = parameter(z.reshape({33, 1}));
    EXPECT_TRUE(std::isnan(linear_cross_entropy(eye, head, targets_of({5})).value().item()));
  }
}

TEST(CrossEntropyKernels, WriteEveryElementAndOnlyThose) {
  reset_sample_seed(8);
  const Tensor logits = randn({3, 21});
  const Tensor targets = targets_of({4, kIgnoreIndex, 20});
  const cpu::CrossEntropyRows<double> rows{targets.data<std::int32_t>(), nullptr, 0.1};
  std::vector<double> loss(3, NAN), max(3, NAN), sum(3, NAN), out(3 * 24, NAN);
  const View<double> padded{out.data(), 3, 21, 24};
  cpu::cross_entropy_forward<double>(loss.data(), max.data(), sum.data(), logits.view<double>(),
                                     rows);
  cpu::cross_entropy_backward<double>(padded, logits.view<double>(), max.data(), sum.data(), rows,
                                      1, false);
  std::vector<double> fused(3 * 24, NAN), fused_loss(3, NAN);
  for (int i = 0; i < 3; ++i) {
    if (i != 1) std::copy_n(logits.data<double>() + 21 * i, 21, fused.data() + 24 * i);
  }
  cpu::cross_entropy_in_place<double>(fused_loss.data(), {fused.data(), 3, 21, 24}, rows);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(loss[i] == 0, i == 1);
    EXPECT_NEAR(fused_loss[i], loss[i], 1e-15);
    double total = 0;
    for (int j = 0; j < 24; ++j) {
      if (j >= 21) {
        EXPECT_TRUE(std::isnan(out[24 * i + j]) && std::isnan(fused[24 * i + j]));
        continue;
      }
      EXPECT_NEAR(out[24 * i + j], fused[24 * i + j], 1e-15);
      EXPECT_EQ(i == 1 && out[24 * i + j] != 0, false);
      total += out[24 * i + j];
    }
    EXPECT_NEAR(total, 0, 1e-14) << "gradients of a row cancel";
  }
}

TEST(LinearCrossEntropy, IsIndifferentToMaskedRows) {
  reset_sample_seed(4);
  const Tensor x = randn({5, 3}), head = randn({7, 3});
  const Tensor mixed = targets_of({kIgnoreIndex, 6, 2, kIgnoreIndex, 0});
  const Tensor dirty = x.clone();
  dirty.rows(0, 1).fill_(NAN);
  dirty.rows(3, 4).fill_(NAN);
  const Variable a = parameter(dirty), w = parameter(head);
  const Variable loss = linear_cross_entropy(a, w, mixed);
  backward(loss);
  const Variable b = parameter(Tensor::from<double>({3, 3}, [&] {
    auto rows = x.rows(1, 3).to_vector<double>();
    const auto last = x.rows(4, 5).to_vector<double>();
    rows.insert(rows.end(), last.begin(), last.end());
    return rows;
  }()));
  const Variable w2 = parameter(head);
  const Variable alone = linear_cross_entropy(b, w2, targets_of({6, 2, 0}));
  backward(alone);
  EXPECT_EQ(loss.value().item(), alone.value().item());
  EXPECT_EQ(gradient_of(w), gradient_of(w2));
  const auto got = gradient_of(a), want = gradient_of(b);
  for (int j = 0; j < 3; ++j) {
    EXPECT_EQ(got[j], 0);
    EXPECT_EQ(got[9 + j], 0);
    EXPECT_EQ(got[3 + j], want[j]);
    EXPECT_EQ(got[6 + j], want[3 + j]);
    EXPECT_EQ(got[12 + j], want[6 + j]);
  }
}

TEST(LinearCrossEntropy, ComputesOnlyWhatIsWanted) {
  const Tensor x = Tensor::full({4, 3}, 0.5), head = Tensor::full({7, 3}, 0.25);
  const tensor::Targets targets{targets_of({0, 1, 2, 3}), {}, 0};
  for (const bool dx : {false, true}) {
    for (const bool dweight : {false, true}) {
      const auto result = tensor::linear_cross_entropy("test", x, head, targets, dx, dweight);
      EXPECT_EQ(result.dx.defined(), dx);
      EXPECT_EQ(result.dweight.defined(), dweight);
      EXPECT_NEAR(result.loss.item(), 4 * std::log(7.0), 1e-5);
    }
  }
  const Variable frozen = constant(head), moving = parameter(x);
  backward(linear_cross_entropy(moving, frozen, targets.ids));
  EXPECT_TRUE(moving.grad().defined());
}

TEST(LinearCrossEntropy, NeverHoldsTheLogitsOfAllRows) {
  const std::int64_t rows = 2048, vocabulary = 2048;
  const Variable x = parameter(Tensor::full({rows, 8}, 0.1)),
                 w = parameter(Tensor::full({vocabulary, 8}, 0.1));
  const Tensor targets = Tensor::zeros({rows}, DType::kInt32);
  release_cached_memory();
  const std::size_t fresh = memory_statistics().cached + memory_statistics().in_use;
  backward(linear_cross_entropy(x, w, targets));
  const std::size_t grown = memory_statistics().cached + memory_statistics().in_use - fresh;
  EXPECT_LT(grown, rows * vocabulary * sizeof(float) / 4);
}

TEST(LinearCrossEntropy, WithoutSupervisedRowsIsZeroAndSoAreItsGradients) {
  const Variable x = parameter(Tensor::full({2, 3}, NAN)), w = parameter(Tensor::full({4, 3}, NAN));
  const Variable loss = linear_cross_entropy(x, w, targets_of({kIgnoreIndex, kIgnoreIndex}));
  EXPECT_EQ(loss.value().item(), 0);
  backward(loss);
  for (const float g : x.grad().to_vector<float>()) EXPECT_EQ(g, 0);
  for (const float g : w.grad().to_vector<float>()) EXPECT_EQ(g, 0);
}

template <class E, class F>
void expect_error(F&& call, const std::string& part) {
  try {
    call();
    FAIL() << "no error; expected one saying: " << part;
  } catch (const E& e) {
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

TEST(Losses, NameTheTargetThatIsOutOfRange) {
  const Variable z = constant(Tensor::zeros({3, 4})), w = constant(Tensor::zeros({4, 4}));
  for (const std::int32_t bad : {4, -1, -99}) {
    const std::string part = "the target of row 1 is " + std::to_string(bad);
    const Tensor targets = targets_of({kIgnoreIndex, bad, 0});
    expect_error<IndexError>([&] { masked_cross_entropy(z, targets); }, part);
    expect_error<IndexError>([&] { gather_logprob(z, targets); }, part);
    expect_error<IndexError>([&] { linear_cross_entropy(z, w, targets); }, part);
  }
}

TEST(Losses, RefuseWhatDoesNotFit) {
  const Variable z = constant(Tensor::zeros({3, 4})), w = constant(Tensor::zeros({4, 5}));
  const Tensor good = targets_of({0, 1, 2});
  expect_error<ShapeError>([&] { masked_cross_entropy(z, targets_of({0, 1})); }, "(2)");
  expect_error<DTypeError>([&] { masked_cross_entropy(z, Tensor::zeros({3})); }, "must be i32");
  expect_error<ShapeError>([&] { weighted_cross_entropy(z, good, Tensor::zeros({4})); }, "weights");
  expect_error<UsageError>([&] { masked_cross_entropy(z, good, 1.0); }, "smoothing");
  expect_error<ShapeError>([&] { linear_cross_entropy(z, w, good); }, "(V, C)");
}

}  // namespace
}  // namespace pupil
