// Mistakes that fused losses and their surroundings have made elsewhere (docs/bugs.md, J).
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/reference.h"
#include "autograd/sample.h"
#include "kernels/parallel.h"
#include "tensor/error.h"
#include "tests/small_models.h"

extern "C" int openblas_get_num_threads(void);

namespace pupil {
namespace {

using small::difference;

struct Gradient {
  Tensor x, weight;
};

using Loss = std::function<Variable(const Variable& x, const Variable& weight)>;

Gradient gradient_of(const Tensor& x, const Tensor& weight, const Loss& loss, double upstream) {
  const Variable vx = parameter(x.clone()), vw = parameter(weight.clone());
  backward(loss(vx, vw), Tensor::full({}, upstream, x.dtype()));
  return {vx.grad().clone(), vw.grad().clone()};
}

// The gradients exist when the forward pass ends, before the upstream gradient is known: they have
// to be multiplied by it, all of them, in every combination of options.
TEST(FusedLoss, IsRightForAnyUpstreamGradient_B136) {
  reset_sample_seed(1);
  const Tensor x = randn({9, 4}), weight = randn({7, 4}), targets = random_ids({9}, 7);
  targets.data<std::int32_t>()[3] = kIgnoreIndex;
  const Tensor row_weights = rand_between({9}, 0.1, 2);
  for (const double smoothing : {0.0, 0.2}) {
    for (const Tensor& weights : {Tensor(), row_weights}) {
      const Loss fused = [&](const Variable& a, const Variable& w) {
        return linear_cross_entropy(a, w, targets, smoothing, weights);
      };
      const Loss composed = [&](const Variable& a, const Variable& w) {
        return reference::linear_cross_entropy(a, w, targets, smoothing, weights);
      };
      for (const double upstream : {1.0, -2.5, 1e3, 1e-3, 0.0}) {
        const Gradient got = gradient_of(x, weight, fused, upstream);
        const Gradient want = gradient_of(x, weight, composed, upstream);
        EXPECT_LE(difference(got.x, want.x), 1e-12) << upstream;
        EXPECT_LE(difference(got.weight, want.weight), 1e-12) << upstream;
      }
    }
  }
}

// p - 1 of a confident token must not lose its digits: float32 beside float64.
TEST(FusedLoss, KeepsTheGradientOfConfidentTokensInFloat32_B137) {
  for (const double rest : {1e-2, 1e-3, 1e-4}) {
    // Five words; the target has probability 1 - rest.
    Tensor logits = Tensor::zeros({1, 5}, DType::kFloat64);
    logits.data<double>()[2] = std::log(4 * (1 - rest) / rest);
    const Tensor target = Tensor::from<std::int32_t>({1}, std::vector<std::int32_t>{2});
    const auto gradient = [&](DType dtype) {
      const Variable z = parameter(logits.to(dtype).clone());
      backward(masked_cross_entropy(z, target));
      return z.grad().to(DType::kFloat64).to_vector<double>();
    };
    const auto exact = gradient(DType::kFloat64), single = gradient(DType::kFloat32);
    EXPECT_NEAR(exact[2], -rest, 1e-10);
    for (int v = 0; v < 5; ++v) {
      EXPECT_NEAR(single[v], exact[v], 1e-6 / rest * std::abs(exact[v])) << v << ", rest " << rest;
    }
  }
}

// No operation takes two types at once; nothing is converted in silence.
TEST(EveryOperation, RefusesInputsOfTwoTypes_B139) {
  int tried = 0;
  for (const Operation& op : all_operations()) {
    for (const OpSample& sample : op.samples()) {
      for (std::size_t k = 0; k < sample.inputs.size() && sample.inputs.size() > 1; ++k) {
        Inputs inputs;
        for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
          inputs.push_back(
              parameter(i == k ? sample.inputs[i].to(DType::kFloat32) : sample.inputs[i].clone()));
        }
        EXPECT_THROW(sample.function(inputs), Error)
            << op.name << ", input " << k << " in f32: " << sample.text;
        ++tried;
      }
    }
  }
  EXPECT_GT(tried, 50);
}

// Our threads call single-threaded BLAS: threads inside threads made small steps 16 times slower.
TEST(Blas, HasOneThreadHoweverManyWeHave_B146) {
  const int before = threads();
  for (const int n : {1, 2, 4}) {
    set_threads(n);
    reset_sample_seed(2);
    const Tensor a = randn({70, 90}), b = randn({90, 50});
    EXPECT_EQ(matmul(constant(a), constant(b)).value().shape(), (Shape{70, 50}));
    EXPECT_EQ(openblas_get_num_threads(), 1);
  }
  set_threads(before);
}

}  // namespace
}  // namespace pupil
