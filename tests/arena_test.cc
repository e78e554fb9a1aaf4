// The arena's layout, what frozen means, and the values a model starts with.
#include "nn/arena.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/optimizer.h"
#include "sft/lora.h"
#include "tensor/error.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

TEST(Arena, HoldsEveryParameterOnceAlignedAndWithoutOverlap) {
  Gpt gpt = small::model(small::config(), 1, DType::kFloat32);
  const auto parameters = gpt.parameters();
  std::map<std::string, Tensor> before;
  for (const NamedParameter& p : parameters) before[p.name] = p.variable->value().clone();
  const ParameterArena arena(parameters);
  ASSERT_EQ(arena.parts().size(), parameters.size());
  EXPECT_EQ(arena.trainable_count(), gpt.parameter_count());
  std::int64_t end = 0;
  for (const auto& part : arena.parts()) {
    EXPECT_GE(part.begin, end) << part.name;
    EXPECT_LT(part.begin - end, 16) << part.name;
    EXPECT_EQ(part.begin * 4 % 64, 0) << part.name;
    end = part.end;
    const Tensor value = part.variable.value();
    EXPECT_TRUE(small::same_bits(value, before.at(part.name))) << part.name;
    EXPECT_EQ(value.data<float>(), arena.values().data<float>() + part.begin) << part.name;
  }
  EXPECT_LE(end, arena.values().numel());
  EXPECT_EQ(arena.values().shape(), arena.grads().shape());
}

TEST(Arena, ParametersThatDecayStandFirst) {
  for (const bool all : {false, true}) {
    Gpt gpt = small::model(small::config(), 2);
    const ParameterArena arena(gpt.parameters(), all);
    for (const auto& part : arena.parts()) {
      EXPECT_EQ(part.decay, all || part.variable.shape().rank() > 1) << part.name;
      EXPECT_EQ(part.decay, part.end <= arena.decay_end()) << part.name;
    }
    if (all) {
      EXPECT_EQ(arena.decay_end(), arena.values().numel());
    }
  }
}

TEST(Arena, GradientsArriveInItAndZeroGradForgetsThem) {
  Gpt gpt = small::model(small::config(), 3);
  ParameterArena arena(gpt.parameters());
  const std::vector<Batch> step = small::whole(small::examples(6, 1));
  accumulate_gradients(gpt, arena, step, {}, 0);
  const Tensor first = arena.grads().clone();
  EXPECT_GT(arena.grad_norm(), 0);
  for (const auto& part : arena.parts()) {
    EXPECT_EQ(part.variable.grad().data<double>(), arena.grads().data<double>() + part.begin);
  }
  accumulate_gradients(gpt, arena, step, {}, 0);  // begins with zero_grad()
  EXPECT_TRUE(small::same_bits(arena.grads(), first));
}

TEST(Arena, ThePaddingBetweenParametersStaysZero) {
  Gpt gpt = small::model(small::config(), 4);
  ParameterArena arena(gpt.parameters());
  AdamW optimizer(arena, {.weight_decay = 0.1});
  for (int k = 0; k < 3; ++k) {
    optimizer_step(gpt, arena, optimizer, small::whole(small::examples(6, k)), {}, 0.01);
  }
  std::int64_t at = 0, padding = 0;
  const auto expect_zeros_until = [&](std::int64_t begin) {
    for (; at < begin; ++at, ++padding) EXPECT_EQ(arena.values().data<double>()[at], 0) << at;
  };
  for (const auto& part : arena.parts()) {
    expect_zeros_until(part.begin);
    at = part.end;
  }
  expect_zeros_until(arena.values().numel());
  EXPECT_GT(padding, 0);
}

TEST(Arena, FrozenParametersKeepTheirBitsAndGetNoGradient) {
  Gpt gpt = small::model(small::config(), 5);
  LoraConfig lora;
  lora.rank = 2;
  add_lora(gpt, lora, 1);
  std::map<std::string, Tensor> base;
  for (const NamedParameter& p : gpt.parameters()) base[p.name] = p.variable->value().clone();
  const auto trained = lora_parameters(gpt);
  ParameterArena arena(trained);
  AdamW optimizer(arena, {.weight_decay = 0.1});
  for (int k = 0; k < 3; ++k) {
    optimizer_step(gpt, arena, optimizer, small::whole(small::examples(6, k)), {}, 0.01);
  }
  for (const NamedParameter& p : gpt.parameters()) {
    EXPECT_TRUE(small::same_bits(p.variable->value(), base.at(p.name))) << p.name;
    EXPECT_FALSE(p.variable->requires_grad()) << p.name;
    EXPECT_FALSE(p.variable->leaf()->grad.defined()) << p.name;
  }
}

TEST(Arena, NamesTheParameterWhoseGradientIsNotFinite) {
  Gpt gpt = small::model(small::config(), 6);
  ParameterArena arena(gpt.parameters());
  accumulate_gradients(gpt, arena, small::whole(small::examples(6, 1)), {}, 0);
  const auto& part = arena.parts()[3];
  part.variable.grad().data<double>()[1] = INFINITY;
  try {
    arena.grad_norm();
    FAIL();
  } catch (const GradientError& e) {
    EXPECT_NE(std::string(e.what()).find(part.name), std::string::npos) << e.what();
  }
  EXPECT_THROW(ParameterArena({}), UsageError);
}

// Mean and deviation of n draws from N(0, s) lie within 5 standard errors of 0 and s.
TEST(Initialisation, IsGpt2sAndNanoGpts) {
  GptConfig config{.vocab_size = 300, .context = 64, .n_layer = 3, .n_head = 2, .n_embd = 64};
  config.tied_head = false;
  Gpt gpt(config, 7);
  int matrices = 0;
  for (const NamedParameter& p : gpt.parameters()) {
    const auto values = p.variable->value().to(DType::kFloat64);
    if (p.variable->shape().rank() == 1) {
      const double want = p.name.find("ln_") != std::string::npos && p.name.ends_with("weight");
      for (const double x : values.span<double>()) ASSERT_EQ(x, want) << p.name;
      continue;
    }
    ++matrices;
    const double deviation = p.name.ends_with("c_proj.weight") ? 0.02 / std::sqrt(6.0) : 0.02;
    const double n = double(values.numel());
    double sum = 0, squares = 0;
    for (const double x : values.span<double>()) sum += x, squares += x * x;
    EXPECT_LT(std::abs(sum / n), 5 * deviation / std::sqrt(n)) << p.name;
    EXPECT_NEAR(std::sqrt(squares / n), deviation, 5 * deviation / std::sqrt(2 * n)) << p.name;
  }
  EXPECT_EQ(matrices, 3 + 4 * 3);
}

TEST(Initialisation, RepeatsWithTheSeedAndDiffersBetweenSeedsAndParameters) {
  const auto values = [](std::uint64_t seed, std::size_t index) {
    Gpt gpt(small::config(), seed);
    return gpt.parameters()[index].variable->value().to_vector<float>();
  };
  EXPECT_EQ(values(1, 0), values(1, 0));
  EXPECT_NE(values(1, 0), values(2, 0));
  EXPECT_NE(values(1, 0)[0], values(1, 1)[0]);
}

}  // namespace
}  // namespace pupil
