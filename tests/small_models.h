// Models small enough to be checked number by number, and examples for them: lengths, ids and masks
// drawn at random from a seed, some examples without any target.
#pragma once
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "autograd/sample.h"
#include "nn/arena.h"
#include "nn/gpt.h"
#include "sft/batch.h"
#include "sft/step.h"

namespace pupil::small {

inline GptConfig config() {
  GptConfig c;
  c.vocab_size = 13;
  c.context = 16;
  c.n_layer = 2;
  c.n_head = 2;
  c.n_embd = 8;
  c.n_inner = 12;
  return c;
}

/// Values of the order of 1 in every parameter, norms and biases included, so that no part of the
/// gradient is small beside the rest.
inline Gpt model(const GptConfig& config, std::uint64_t seed, DType dtype = DType::kFloat64) {
  Gpt gpt(config, seed, dtype);
  reset_sample_seed(seed);
  for (const NamedParameter& p : gpt.parameters()) {
    const Tensor value = p.variable->value();
    const bool is_norm = p.name.find("ln_") != std::string::npos && p.name.ends_with("weight");
    Tensor noise = randn(value.shape());
    noise.scale_(0.4);
    if (is_norm) noise.add_(Tensor::full(value.shape(), 1, DType::kFloat64));
    value.copy_(noise);
  }
  return gpt;
}

using Random = std::mt19937;
inline std::int32_t draw(Random& random, std::int32_t low, std::int32_t high) {
  return std::uniform_int_distribution<std::int32_t>(low, high)(random);
}

/// An example of `length` ids in which about `share` of the positions are supervised.
inline Example example(Random& random, int length, double share, std::int32_t vocabulary = 13) {
  Example e;
  for (int t = 0; t < length; ++t) {
    e.ids.push_back(draw(random, 0, vocabulary - 1));
    const bool supervised = draw(random, 0, 999) < 1000 * share;
    e.targets.push_back(supervised ? draw(random, 0, vocabulary - 1) : kIgnoreIndex);
  }
  return e;
}

/// Lengths 1 to 12 and mask densities from none to all.
inline std::vector<Example> examples(int count, unsigned seed) {
  Random random(seed);
  std::vector<Example> list;
  for (int i = 0; i < count; ++i) {
    list.push_back(example(random, draw(random, 1, 12), i % 5 / 4.0));
  }
  return list;
}

/// Consecutive micro-batches of the given sizes.
inline std::vector<Batch> cut(const std::vector<Example>& examples, const std::vector<int>& sizes,
                              PadSide side = PadSide::kRight) {
  std::vector<Batch> step;
  std::size_t at = 0;
  for (const int size : sizes) {
    step.push_back(make_batch(std::span(examples).subspan(at, size), side));
    at += size;
  }
  return step;
}
inline std::vector<Batch> whole(const std::vector<Example>& examples,
                                PadSide side = PadSide::kRight) {
  return cut(examples, {int(examples.size())}, side);
}

/// Loss and gradients of one step.
struct Outcome {
  StepResult result;
  std::vector<std::string> names;
  std::vector<Tensor> gradients;
};
inline Outcome gradients_of(Gpt& gpt, const std::vector<NamedParameter>& trained,
                            const std::vector<Batch>& step, const StepOptions& options = {}) {
  ParameterArena arena(trained);
  Outcome outcome{accumulate_gradients(gpt, arena, step, options, 0), {}, {}};
  for (const auto& part : arena.parts()) {
    outcome.names.push_back(part.name);
    outcome.gradients.push_back(part.variable.grad().clone());
  }
  return outcome;
}
inline Outcome gradients_of(Gpt& gpt, const std::vector<Batch>& step,
                            const StepOptions& options = {}) {
  return gradients_of(gpt, gpt.parameters(), step, options);
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  const auto bytes = [](const Tensor& t) -> const void* {
    return t.dtype() == DType::kFloat32 ? static_cast<const void*>(t.data<float>())
                                        : static_cast<const void*>(t.data<double>());
  };
  return std::memcmp(bytes(a), bytes(b), a.bytes()) == 0;
}

/// The largest |a - b| over the largest |b|.
inline double difference(const Tensor& a, const Tensor& b) {
  const Tensor a64 = a.to(DType::kFloat64), b64 = b.to(DType::kFloat64);
  double largest = 0, scale = 1e-12;
  for (std::int64_t i = 0; i < b.numel(); ++i) {
    const double x = a64.data<double>()[i], y = b64.data<double>()[i];
    largest = std::max(largest, std::isnan(x - y) ? INFINITY : std::abs(x - y));
    scale = std::max(scale, std::abs(y));
  }
  return largest / scale;
}

}  // namespace pupil::small

#define EXPECT_SAME_OUTCOME(got, want, tolerance)                                                \
  do {                                                                                           \
    const auto &g_ = (got), &w_ = (want);                                                        \
    EXPECT_NEAR(g_.result.loss, w_.result.loss, (tolerance)*std::abs(w_.result.loss)) << "loss"; \
    ASSERT_EQ(g_.names, w_.names);                                                               \
    for (std::size_t i_ = 0; i_ < g_.names.size(); ++i_) {                                       \
      EXPECT_LE(pupil::small::difference(g_.gradients[i_], w_.gradients[i_]), tolerance)         \
          << "gradient of " << g_.names[i_];                                                     \
    }                                                                                            \
  } while (false)

#define EXPECT_SAME_BITS(got, want)                                            \
  do {                                                                         \
    const auto &g_ = (got), &w_ = (want);                                      \
    EXPECT_EQ(g_.result.loss, w_.result.loss);                                 \
    ASSERT_EQ(g_.names, w_.names);                                             \
    for (std::size_t i_ = 0; i_ < g_.names.size(); ++i_) {                     \
      EXPECT_TRUE(pupil::small::same_bits(g_.gradients[i_], w_.gradients[i_])) \
          << "gradient of " << g_.names[i_] << " differs";                     \
    }                                                                          \
  } while (false)
