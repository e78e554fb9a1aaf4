// Penalties that keep a model near its start: the KL divergence of its predictions, the distance of
// its weights.
#include "sft/start_model.h"

#include <gtest/gtest.h>

#include "sft/kl_to_start.h"
#include "sft/lora.h"
#include "tensor/linear_cross_entropy.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

using small::cut;
using small::difference;
using small::whole;

// Adds noise to all trainable values, so that the model has left its start.
void move(const ParameterArena& arena, double size, std::uint64_t seed = 77) {
  reset_sample_seed(seed);
  for (const auto& part : arena.parts()) {
    Tensor noise = randn({part.end - part.begin});
    noise.scale_(size);
    arena.values().rows(part.begin, part.end).add_(noise);
  }
}

std::vector<Example> examples_with_weights(int count, unsigned seed) {
  auto examples = small::examples(count, seed);
  examples[1].weights.assign(examples[1].ids.size(), 0.25);
  return examples;
}

// sum_t w_t sum_v p0 (log p0 - log p), written out.
double kl_by_hand(const Gpt& gpt, const Batch& batch, const StartModel::Outputs& start) {
  const NoGrad no_grad;
  Pass pass;
  const std::int64_t V = gpt.head_weight().shape()[0];
  const Variable old = log_softmax(linear(constant(start.hidden), constant(start.head)));
  const Variable now = log_softmax(gpt.logits(gpt.hidden(batch.input, pass)));
  const auto p0 = old.value().to_vector<double>(), p = now.value().to_vector<double>();
  double sum = 0;
  for (std::int64_t i = 0; i < batch.targets.numel(); ++i) {
    if (batch.targets.data<std::int32_t>()[i] == kIgnoreIndex) continue;
    const double w = batch.weights.defined() ? batch.weights.data<double>()[i] : 1;
    for (std::int64_t v = 0; v < V; ++v) {
      const std::size_t at = std::size_t(i * V + v);
      sum += w * std::exp(p0[at]) * (p0[at] - p[at]);
    }
  }
  return sum;
}

double kl_of(const Gpt& gpt, const Batch& batch, const StartModel& start) {
  Pass pass;
  const StartModel::Outputs outputs = start.outputs(gpt, batch.input);
  return kl_to_start(gpt, gpt.hidden(batch.input, pass), batch, outputs).value().item();
}

TEST(KlToStart, IsTheSumOverTheVocabularyAtSupervisedPositions) {
  Gpt gpt = small::model(small::config(), 1);
  ParameterArena arena(gpt.parameters());
  const StartModel start(arena);
  move(arena, 0.2);
  for (const PadSide side : {PadSide::kRight, PadSide::kLeft}) {
    const Batch batch = whole(examples_with_weights(6, 2), side)[0];
    const double want = kl_by_hand(gpt, batch, start.outputs(gpt, batch.input));
    EXPECT_GT(want, 0.1);
    EXPECT_NEAR(kl_of(gpt, batch, start), want, 1e-12 * want);
  }
}

TEST(KlToStart, IsZeroAtTheStartAndPositiveElsewhere) {
  for (const bool adapter : {false, true}) {
    Gpt gpt = small::model(small::config(), 3);
    if (adapter) {
      LoraConfig lora;
      lora.rank = 2;
      lora.special_ids = {1, 4};
      add_lora(gpt, lora, 5);
    }
    ParameterArena arena(adapter ? lora_parameters(gpt) : gpt.parameters());
    const StartModel start(arena);
    const Batch batch = whole(small::examples(6, 4))[0];
    EXPECT_NEAR(kl_of(gpt, batch, start), 0, 1e-13);
    move(arena, 0.1);
    EXPECT_GT(kl_of(gpt, batch, start), 1e-3);
  }
}

// More supervised rows than one chunk of the head holds, against all rows at once.
TEST(KlToStart, OfChunksIsThatOfAllRowsAtOnce) {
  Gpt gpt = small::model(small::config(), 5);
  ParameterArena arena(gpt.parameters());
  const StartModel start(arena);
  move(arena, 0.1);
  small::Random random(6);
  std::vector<Example> examples;
  for (int i = 0; i < 70; ++i) examples.push_back(small::example(random, 16, 0.95));
  const Batch batch = make_batch(examples);
  ASSERT_GT(batch.n_targets, tensor::head_chunk_rows(13));
  const StartModel::Outputs outputs = start.outputs(gpt, batch.input);
  Pass pass;
  backward(kl_to_start(gpt, gpt.hidden(batch.input, pass), batch, outputs));
  arena.complete_grads();
  const Tensor chunked = arena.grads().clone();

  arena.zero_grad();
  std::vector<double> weights;
  for (const std::int32_t t : batch.targets.span<std::int32_t>()) {
    weights.push_back(t == kIgnoreIndex ? 0 : 1);
  }
  const Variable old = log_softmax(linear(constant(outputs.hidden), constant(outputs.head)));
  const Variable gap = sub(old, log_softmax(gpt.logits(gpt.hidden(batch.input, pass))));
  const Variable rows = sum(mul(exp(old), gap), -1);
  backward(sum(mul(constant(Tensor::from<double>(rows.shape(), weights)), rows)));
  arena.complete_grads();
  EXPECT_LE(difference(chunked, arena.grads()), 1e-12);
}

TEST(StartModel, LeavesTheModelAsItIs) {
  Gpt gpt = small::model(small::config(), 7);
  ParameterArena arena(gpt.parameters());
  const StartModel start(arena);
  const Batch batch = whole(small::examples(4, 8))[0];
  Pass pass;
  const Tensor before = gpt.hidden(batch.input, pass).value().clone();
  move(arena, 0.1);
  const Tensor moved = arena.values().clone();
  EXPECT_TRUE(small::same_bits(start.outputs(gpt, batch.input).hidden, before));
  EXPECT_TRUE(small::same_bits(arena.values(), moved));
  EXPECT_FALSE(small::same_bits(gpt.hidden(batch.input, pass).value(), before));
  GptInput wrong = batch.input;
  wrong.ids = Tensor::from<std::int32_t>({1, 1}, std::vector<std::int32_t>{99});
  EXPECT_THROW(start.outputs(gpt, wrong), std::exception);
  EXPECT_FALSE(small::same_bits(gpt.hidden(batch.input, pass).value(), before))
      << "the current values must be back after an exception, too";
}

TEST(L2ToStart, IsTheSquaredDistanceAndPullsBack) {
  Gpt gpt = small::model(small::config(), 9);
  ParameterArena arena(gpt.parameters());
  const StartModel start(arena);
  const Tensor theta0 = arena.values().clone();
  arena.zero_grad();
  EXPECT_EQ(start.add_pull(arena, 0.3), 0);
  for (const double g : arena.grads().span<double>()) ASSERT_EQ(g, 0);
  move(arena, 0.1);
  arena.zero_grad();
  const double distance = start.add_pull(arena, 0.3);
  double want = 0;
  for (std::int64_t i = 0; i < theta0.numel(); ++i) {
    const double gap = arena.values().data<double>()[i] - theta0.data<double>()[i];
    want += gap * gap;
    ASSERT_NEAR(arena.grads().data<double>()[i], 2 * 0.3 * gap, 1e-15);
  }
  EXPECT_NEAR(distance, want, 1e-12 * want);
}

// ---- the whole objective ------------------------------------------------------------------------

StepOptions penalised(const ParameterArena& arena) {
  return {.normaliser = {Normaliser::Kind::kTokens},
          .label_smoothing = 0.1,
          .neftune_alpha = 5,
          .kl_weight = 0.7,
          .l2_weight = 0.05,
          .start = std::make_shared<const StartModel>(arena)};
}

TEST(Objective, HasTheGradientOfItsLossInEveryElement) {
  GptConfig config = small::config();
  config.n_layer = 1;
  config.n_embd = 4;
  config.n_inner = 6;
  Gpt gpt = small::model(config, 11);
  ParameterArena arena(gpt.parameters());
  StepOptions options = penalised(arena);
  move(arena, 0.1);
  const auto examples = examples_with_weights(5, 12);
  for (const auto kind : {Normaliser::Kind::kTokens, Normaliser::Kind::kExamples,
                          Normaliser::Kind::kMicrobatch, Normaliser::Kind::kConstant}) {
    options.normaliser = {kind, 3};
    const auto step = cut(examples, {2, 3});
    accumulate_gradients(gpt, arena, step, options, 0);
    const Tensor gradient = arena.grads().clone();
    double* values = arena.values().data<double>();
    const auto loss = [&] { return accumulate_gradients(gpt, arena, step, options, 0).loss; };
    for (const auto& part : arena.parts()) {
      std::vector<double> numeric;
      double largest = 0;
      for (std::int64_t i = part.begin; i < part.end; ++i) {
        const double x = values[i], h = 1e-5 * std::max(1.0, std::abs(x));
        values[i] = x + h;
        const double above = loss();
        values[i] = x - h;
        numeric.push_back((above - loss()) / (2 * h));
        values[i] = x;
        largest = std::max(largest, std::abs(numeric.back()));
      }
      for (std::int64_t i = part.begin; i < part.end; ++i) {
        const double n = numeric[std::size_t(i - part.begin)], a = gradient.data<double>()[i];
        ASSERT_LE(std::abs(a - n) / std::max({std::abs(n), 0.1 * largest, 1e-2}), 1e-6)
            << part.name << "[" << i - part.begin << "]: rule " << a << ", quotient " << n;
      }
    }
  }
}

// Every term has its own sum; all are divided by what the whole step holds.
TEST(Objective, IsTheSameForEverySplitIntoMicroBatches_B10) {
  Gpt gpt = small::model(small::config(), 13);
  ParameterArena arena(gpt.parameters());
  StepOptions options = penalised(arena);
  move(arena, 0.1);
  const auto examples = examples_with_weights(12, 14);
  for (const auto kind :
       {Normaliser::Kind::kTokens, Normaliser::Kind::kExamples, Normaliser::Kind::kConstant}) {
    options.normaliser = {kind, 5};
    const StepResult want = accumulate_gradients(gpt, arena, whole(examples), options, 3);
    const Tensor gradient = arena.grads().clone();
    EXPECT_GT(*want.kl, 1e-3);
    EXPECT_GT(*want.l2, 1e-3);
    for (const std::vector<int>& sizes :
         std::vector<std::vector<int>>{std::vector<int>(12, 1), {5, 7}, {1, 11}, {4, 4, 4}}) {
      const StepResult got = accumulate_gradients(gpt, arena, cut(examples, sizes), options, 3);
      EXPECT_NEAR(got.loss, want.loss, 1e-10 * want.loss);
      EXPECT_NEAR(*got.kl, *want.kl, 1e-10 * *want.kl);
      EXPECT_EQ(*got.l2, *want.l2);
      EXPECT_LE(difference(arena.grads(), gradient), 1e-10);
    }
  }
}

// A term added to the loss counts as often as it does alone.
TEST(Objective, IsTheSumOfItsTermsEachNormalisedAlone_B11_B140) {
  Gpt gpt = small::model(small::config(), 15);
  ParameterArena arena(gpt.parameters());
  const auto start = std::make_shared<const StartModel>(arena);
  move(arena, 0.1);
  const auto examples = examples_with_weights(8, 16);
  const auto step = cut(examples, {3, 5});
  const auto run = [&](double kl, double l2) {
    const StepOptions options{.kl_weight = kl, .l2_weight = l2, .start = start};
    const StepResult r = accumulate_gradients(gpt, arena, step, options, 0);
    return std::pair{r, arena.grads().clone()};
  };
  const auto [plain, g] = run(0, 0);
  const auto [with_kl, g_kl] = run(1, 0);
  const auto [with_l2, g_l2] = run(0, 1);
  const auto [all, g_all] = run(0.5, 0.25);
  double kl = 0, weight = 0;
  for (const Batch& batch : step) {
    kl += kl_of(gpt, batch, *start);
    weight += batch.target_weight;
  }
  EXPECT_NEAR(with_kl.loss, plain.loss + kl / weight, 1e-12);
  EXPECT_NEAR(*with_kl.kl, kl / weight, 1e-12);
  EXPECT_NEAR(all.loss, plain.loss + 0.5 * kl / weight + 0.25 * *with_l2.l2, 1e-12);
  EXPECT_FALSE(plain.kl || plain.l2);
  Tensor want = g.clone();
  want.scale_(1 - 0.5 - 0.25);
  for (const auto& [factor, part] : {std::pair{0.5, g_kl}, {0.25, g_l2}}) {
    Tensor scaled = part.clone();
    scaled.scale_(factor);
    want.add_(scaled);
  }
  EXPECT_LE(difference(g_all, want), 1e-12);
}

}  // namespace
}  // namespace pupil
