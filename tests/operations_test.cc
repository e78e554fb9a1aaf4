// Laws that hold for every operation, walked over the one list (autograd/operations.h).
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "autograd/gradcheck.h"
#include "autograd/node.h"
#include "autograd/operations.h"
#include "kernels/parallel.h"
#include "tests/op_laws.h"

namespace pupil {
namespace {

class EveryOperation : public testing::TestWithParam<Operation> {
 protected:
  std::vector<OpSample> samples() const {
    reset_sample_seed(11);
    return GetParam().samples();
  }
};

INSTANTIATE_TEST_SUITE_P(List, EveryOperation,
                         testing::ValuesIn(all_operations().begin(), all_operations().end()),
                         [](const auto& info) { return std::string(info.param.name); });

using laws::expect_close;
using laws::Outcome;
using laws::run;

bool same_bits(const Tensor& a, const Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  return a.shape() == b.shape() && std::memcmp(a.data<double>(), b.data<double>(), a.bytes()) == 0;
}

TEST_P(EveryOperation, HasSamples) { EXPECT_FALSE(samples().empty()); }

// Rung 1 of the ladder.
TEST_P(EveryOperation, AgreesWithDifferencesInF64) {
  for (const OpSample& sample : samples()) {
    for (const std::uint64_t seed : {1, 2}) {
      const GradcheckResult r = gradcheck(sample, seed);
      EXPECT_TRUE(r.passed) << r.message;
    }
  }
}

// Rung 3: f32 against f64.
TEST_P(EveryOperation, InF32AgreesWithF64) {
  for (const OpSample& sample : samples()) {
    expect_close(run(sample, sample.function, DType::kFloat32),
                 run(sample, sample.function, DType::kFloat64), sample.float32_tolerance,
                 sample.text);
  }
}

// Rung 5: fused against composed.
TEST_P(EveryOperation, AgreesWithItsTwin) {
  for (const OpSample& sample : samples()) {
    if (!sample.twin) continue;
    expect_close(run(sample, sample.function, DType::kFloat64),
                 run(sample, sample.twin, DType::kFloat64), 1e-11, sample.text);
  }
}

// Rung 7.
TEST_P(EveryOperation, LeavesARemainderOfSecondOrder) {
  for (const OpSample& sample : samples()) EXPECT_GT(taylor_slope(sample), 1.9) << sample.text;
}

TEST_P(EveryOperation, GivesTheSameBitsForOneAndTwoThreads) {
  for (const OpSample& sample : samples()) {
    const int before = threads();
    set_threads(1);
    const Outcome one = run(sample, sample.function, DType::kFloat64);
    set_threads(2);
    const Outcome two = run(sample, sample.function, DType::kFloat64);
    set_threads(before);
    EXPECT_TRUE(same_bits(one.value, two.value)) << sample.text;
    for (std::size_t i = 0; i < one.gradients.size(); ++i) {
      EXPECT_TRUE(same_bits(one.gradients[i], two.gradients[i])) << "input " << i << sample.text;
    }
  }
}

// A second backward pass adds to what the first one left.
TEST_P(EveryOperation, AccumulatesOverTwoPasses) {
  for (const OpSample& sample : samples()) {
    Inputs inputs;
    for (const Tensor& t : sample.inputs) inputs.push_back(parameter(t.clone()));
    const auto pass = [&] {
      const Variable y = sample.function(inputs);
      reset_sample_seed(5);
      if (y.requires_grad()) backward(y, randn(y.shape()));
    };
    pass();
    std::vector<Tensor> once;
    for (const Variable& v : inputs)
      once.push_back(v.grad().defined() ? v.grad().clone() : Tensor());
    pass();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!once[i].defined()) continue;
      once[i].scale_(2);
      expect_close(inputs[i].grad(), once[i], 1e-14, sample.text);
    }
  }
}

// Each input alone needs a gradient: the others are frozen and must not change the result.
TEST_P(EveryOperation, GivesTheSameGradientWhenOtherInputsAreFrozen) {
  for (const OpSample& sample : samples()) {
    const Outcome all = run(sample, sample.function, DType::kFloat64);
    for (std::size_t alone = 0; alone < sample.inputs.size(); ++alone) {
      Inputs inputs;
      for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
        inputs.push_back(i == alone ? parameter(sample.inputs[i].clone())
                                    : constant(sample.inputs[i]));
      }
      const Variable y = sample.function(inputs);
      reset_sample_seed(5);
      const Tensor upstream = randn(y.shape());
      if (y.requires_grad()) backward(y, upstream);
      const Tensor got = inputs[alone].grad(), want = all.gradients[alone];
      expect_close(got, want, 1e-13, sample.text);
    }
  }
}

TEST(Operations, AreAllThere) {
  const std::set<std::string_view> needed = {"matmul",
                                             "linear",
                                             "add",
                                             "sub",
                                             "mul",
                                             "div",
                                             "neg",
                                             "scale",
                                             "exp",
                                             "log",
                                             "sqrt",
                                             "square",
                                             "abs",
                                             "tanh",
                                             "sigmoid",
                                             "log_sigmoid",
                                             "softplus",
                                             "relu",
                                             "gelu_tanh",
                                             "gelu_erf",
                                             "silu",
                                             "swiglu",
                                             "clamp",
                                             "minimum",
                                             "maximum",
                                             "where",
                                             "dropout",
                                             "softmax",
                                             "log_softmax",
                                             "logsumexp",
                                             "sum",
                                             "mean",
                                             "max",
                                             "variance",
                                             "broadcast_to",
                                             "sum_to",
                                             "reshape",
                                             "permute",
                                             "concat",
                                             "split",
                                             "rows",
                                             "gather_rows",
                                             "embedding",
                                             "gather_logprob",
                                             "layer_norm",
                                             "rms_norm",
                                             "rope",
                                             "causal_attention",
                                             "recompute",
                                             "detach",
                                             "masked_cross_entropy",
                                             "weighted_cross_entropy",
                                             "linear_cross_entropy"};
  std::set<std::string_view> have;
  for (const Operation& op : all_operations()) have.insert(op.name);
  for (const std::string_view name : needed) EXPECT_TRUE(have.contains(name)) << name;
}

TEST(Operations, FusedOnesCrossEveryBorderOfTheirTiles) {
  for (const Operation& op : all_operations()) {
    const std::set<std::string_view> fused = {"layer_norm", "rms_norm", "causal_attention",
                                              "linear_cross_entropy", "bias_gelu"};
    if (!fused.contains(op.name)) continue;
    std::int64_t border = 0;
    for (const OpSample& sample : op.samples()) border = std::max(border, sample.tile_border);
    EXPECT_GT(border, 0) << op.name << " has no sample that says which border it crosses";
  }
}

}  // namespace
}  // namespace pupil
