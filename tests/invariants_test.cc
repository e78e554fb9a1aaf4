// Laws of supervised fine-tuning that no difference quotient can see: what must not change the
// loss, what must change it, and what must be exactly zero. Many a training library has broken one
// of them; B01, B02 ... number those bugs in docs/verification.md.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "kernels/parallel.h"
#include "sft/render.h"
#include "tensor/linear_cross_entropy.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

using small::cut;
using small::difference;
using small::gradients_of;
using small::same_bits;
using small::whole;

const std::vector<Normaliser> kOverTheStep{
    {Normaliser::Kind::kTokens}, {Normaliser::Kind::kExamples}, {Normaliser::Kind::kConstant, 7}};

// ---- padding and order --------------------------------------------------------------------------

TEST(SftLoss, DoesNotDependOnThePaddingOrItsSide_B35) {
  for (const PositionKind positions : {PositionKind::kLearned, PositionKind::kRope}) {
    GptConfig config = small::config();
    config.positions = positions;
    Gpt gpt = small::model(config, 1);
    const auto examples = small::examples(7, 2);
    const auto alone = gradients_of(gpt, cut(examples, std::vector<int>(7, 1)));  // no padding
    EXPECT_SAME_OUTCOME(gradients_of(gpt, whole(examples, PadSide::kRight)), alone, 1e-12);
    EXPECT_SAME_OUTCOME(gradients_of(gpt, whole(examples, PadSide::kLeft)), alone, 1e-12);
    auto longer = examples;
    longer.push_back(
        {std::vector<std::int32_t>(16, 3), std::vector<std::int32_t>(16, kIgnoreIndex), {}, {}});
    EXPECT_SAME_OUTCOME(gradients_of(gpt, whole(longer, PadSide::kRight)), alone, 1e-12);
    EXPECT_SAME_OUTCOME(gradients_of(gpt, whole(longer, PadSide::kLeft)), alone, 1e-12);
  }
}

TEST(SftLoss, DoesNotSeeWhatStandsInThePadding) {
  Gpt gpt = small::model(small::config(), 3);
  const auto examples = small::examples(6, 4);
  for (const PadSide side : {PadSide::kRight, PadSide::kLeft}) {
    auto step = whole(examples, side);
    const auto before = gradients_of(gpt, step);
    const std::int64_t T = step[0].input.ids.shape()[1];
    for (std::size_t b = 0; b < examples.size(); ++b) {
      const std::int64_t n = std::int64_t(examples[b].ids.size());
      for (std::int64_t t = 0; t < T - n; ++t) {
        const std::int64_t column = side == PadSide::kLeft ? t : n + t;
        step[0].input.ids.data<std::int32_t>()[std::int64_t(b) * T + column] = 5;
      }
    }
    const auto after = gradients_of(gpt, step);
    EXPECT_EQ(after.result.loss, before.result.loss);
    EXPECT_SAME_OUTCOME(after, before, 0);
  }
}

TEST(SftLoss, DoesNotDependOnTheOrderOfExamples) {
  Gpt gpt = small::model(small::config(), 5);
  auto examples = small::examples(9, 6);
  const auto before = gradients_of(gpt, whole(examples));
  small::Random random(1);
  for (int i = 0; i < 5; ++i) {
    std::shuffle(examples.begin(), examples.end(), random);
    EXPECT_SAME_OUTCOME(gradients_of(gpt, whole(examples)), before, 1e-12);
  }
}

TEST(Batch, SupervisesEveryTokenButTheFirstOfEachTextAndNoPadding_B29) {
  std::vector<Example> texts;
  std::int64_t length = 0;
  small::Random random(2);
  for (const int n : {1, 5, 12, 3}) {
    Example e = small::example(random, n, 1);
    e.targets = targets_from(e.ids);
    texts.push_back(e);
    length += n;
  }
  for (const PadSide side : {PadSide::kRight, PadSide::kLeft}) {
    const Batch batch = make_batch(texts, side);
    EXPECT_EQ(batch.n_targets, length - 4);
    EXPECT_EQ(batch.n_tokens, length);
    EXPECT_EQ(batch.n_examples, 4);
    const auto targets = batch.targets.span<std::int32_t>();
    EXPECT_EQ(std::count_if(targets.begin(), targets.end(), [](auto t) { return t >= 0; }),
              length - 4);
  }
}

TEST(Batch, PredictsTheIdThatFollows) {
  const std::vector<std::int32_t> ids{4, 8, 1, 9};
  EXPECT_EQ(targets_from(ids), (std::vector<std::int32_t>{8, 1, 9, kIgnoreIndex}));
  // The mask of a label travels with it: the prompt 4 8 is not supervised, its answer 1 9 is.
  const std::vector<std::int32_t> labels{kIgnoreIndex, kIgnoreIndex, 1, 9};
  EXPECT_EQ(targets_from(labels), (std::vector<std::int32_t>{kIgnoreIndex, 1, 9, kIgnoreIndex}));
}

// ---- micro-batches ------------------------------------------------------------------------------

// Every way of cutting 16 examples into equal micro-batches, and some into unequal ones.
std::vector<std::vector<int>> splits_of_16() {
  std::vector<std::vector<int>> splits;
  for (const int size : {1, 2, 4, 8, 16}) splits.emplace_back(16 / size, size);
  splits.insert(splits.end(), {{5, 5, 6}, {1, 15}, {13, 3}, {7, 1, 7, 1}, {2, 3, 4, 7}});
  return splits;
}

TEST(SftLoss, IsTheSameForEverySplitIntoMicroBatches_B01_B02_B04) {
  Gpt gpt = small::model(small::config(), 7);
  const auto examples = small::examples(16, 8);
  for (const Normaliser& normaliser : kOverTheStep) {
    for (const double smoothing : {0.0, 0.1}) {
      const StepOptions options{.normaliser = normaliser, .label_smoothing = smoothing};
      const auto want = gradients_of(gpt, whole(examples), options);
      for (const auto& sizes : splits_of_16()) {
        SCOPED_TRACE(normaliser.str() + ", micro-batch of " + std::to_string(sizes[0]));
        const auto got = gradients_of(gpt, cut(examples, sizes), options);
        EXPECT_SAME_OUTCOME(got, want, 1e-10);
        EXPECT_NEAR(got.result.grad_norm, want.result.grad_norm, 1e-10 * want.result.grad_norm);
        EXPECT_EQ(got.result.n_targets, want.result.n_targets);
        EXPECT_EQ(got.result.n_tokens, want.result.n_tokens);
      }
    }
  }
}

double sum_of(const Gpt& gpt, const Batch& batch) {
  Pass pass;
  return loss_sum(gpt, batch, pass).sum.value().item();
}

TEST(Normaliser, DividesAsDefined) {
  Gpt gpt = small::model(small::config(), 9);
  const auto examples = small::examples(8, 10);
  const auto step = cut(examples, {3, 1, 4});
  double sum = 0, means = 0, targets = 0;
  for (const Batch& batch : step) {
    const double n = double(batch.n_targets);
    sum += sum_of(gpt, batch);
    means += n > 0 ? sum_of(gpt, batch) / n : 0;
    targets += n;
  }
  const auto loss = [&](Normaliser::Kind kind) {
    return gradients_of(gpt, step, {.normaliser = {kind, 7}}).result.loss;
  };
  EXPECT_NEAR(loss(Normaliser::Kind::kTokens), sum / targets, 1e-12);
  EXPECT_NEAR(loss(Normaliser::Kind::kExamples), sum / 8, 1e-12);
  EXPECT_NEAR(loss(Normaliser::Kind::kConstant), sum / 7 / 8, 1e-12);
  EXPECT_NEAR(loss(Normaliser::Kind::kMicrobatch), means / 3, 1e-12);
  EXPECT_GT(std::abs(means / 3 - sum / targets), 1e-2)
      << "the mean of means must be another number here, or this test shows nothing";
}

TEST(Normaliser, DividesTheGradientAsTheLoss_B02) {
  Gpt gpt = small::model(small::config(), 31);
  const auto examples = small::examples(8, 32);
  ParameterArena arena(gpt.parameters());
  Pass pass;
  const Variable sum = loss_sum(gpt, whole(examples)[0], pass).sum;
  backward(sum);
  arena.complete_grads();
  const Tensor of_sum = arena.grads().clone();
  for (const Normaliser& normaliser : kOverTheStep) {
    const auto result =
        accumulate_gradients(gpt, arena, cut(examples, {5, 3}), {.normaliser = normaliser}, 0);
    Tensor want = of_sum.clone();
    want.scale_(result.loss / sum.value().item());
    EXPECT_LE(difference(arena.grads(), want), 1e-12) << normaliser.str();
  }
}

TEST(SftLoss, OfAShorterLastWindowIsThatOfItsOwnExamples_B09) {
  Gpt gpt = small::model(small::config(), 11);
  const auto examples = small::examples(10, 12);  // 2.5 windows of 2 micro-batches of 2
  const std::vector<Example> last(examples.begin() + 8, examples.end());
  for (const Normaliser& normaliser : kOverTheStep) {
    const StepOptions options{.normaliser = normaliser};
    const double targets = double(last[0].target_count() + last[1].target_count());
    ASSERT_GT(targets, 0);
    const double divisor = normaliser.kind == Normaliser::Kind::kTokens     ? targets
                           : normaliser.kind == Normaliser::Kind::kExamples ? 2
                                                                            : 14;
    const auto got = gradients_of(gpt, whole(last), options);
    EXPECT_NEAR(got.result.loss, sum_of(gpt, whole(last)[0]) / divisor, 1e-12);
  }
}

TEST(SftLoss, GradientsOfMicroBatchesAddUp_B18) {
  Gpt gpt = small::model(small::config(), 13);
  const auto examples = small::examples(6, 14);
  const StepOptions options{.normaliser = {Normaliser::Kind::kConstant, 1}};
  const auto together = gradients_of(gpt, cut(examples, {2, 3, 1}), options);
  std::vector<small::Outcome> parts;
  for (const Batch& batch : cut(examples, {2, 3, 1})) {
    parts.push_back(gradients_of(gpt, {batch}, options));
    for (const Tensor& g : parts.back().gradients) g.scale_(double(batch.n_examples) / 6);
  }
  for (std::size_t i = 0; i < together.gradients.size(); ++i) {
    Tensor sum = parts[0].gradients[i].clone();
    sum.add_(parts[1].gradients[i]);
    sum.add_(parts[2].gradients[i]);
    EXPECT_LE(difference(sum, together.gradients[i]), 1e-12) << together.names[i];
  }
}

TEST(SftLoss, AStepForgetsTheGradientOfTheOneBefore) {
  Gpt gpt = small::model(small::config(), 27);
  ParameterArena arena(gpt.parameters());
  const auto step = whole(small::examples(5, 28));
  accumulate_gradients(gpt, arena, step, {}, 0);
  const Tensor first = arena.grads().clone();
  accumulate_gradients(gpt, arena, whole(small::examples(3, 29)), {}, 1);
  EXPECT_FALSE(same_bits(arena.grads(), first));
  accumulate_gradients(gpt, arena, step, {}, 2);
  EXPECT_TRUE(same_bits(arena.grads(), first));
}

// ---- masks --------------------------------------------------------------------------------------

TEST(SftLoss, OfAMaskedRowIsThatOfTheOthers_B17) {
  Gpt gpt = small::model(small::config(), 15);
  auto examples = small::examples(6, 16);
  auto fewer = examples;
  fewer.erase(fewer.begin() + 2);
  examples[2].targets.assign(examples[2].targets.size(), kIgnoreIndex);
  EXPECT_SAME_OUTCOME(gradients_of(gpt, whole(examples)), gradients_of(gpt, whole(fewer)), 1e-12);
}

// The value of a target that has weight 0 is never read: bit for bit nothing changes.
TEST(SftLoss, DoesNotReadMaskedTargets) {
  for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
    Gpt gpt = small::model(small::config(), 17, dtype);
    small::Random random(18);
    const Batch batch = make_batch(
        std::vector<Example>{small::example(random, 12, 1), small::example(random, 12, 1)});
    Tensor weights = Tensor::zeros(batch.targets.shape(), DType::kFloat64);
    for (double& w : weights.span<double>()) w = small::draw(random, 0, 1);
    weights = weights.to(dtype);
    const auto loss_with = [&](std::int32_t masked_target) {
      const Tensor targets = batch.targets.clone();
      for (std::int64_t i = 0; i < targets.numel(); ++i) {
        const Tensor flat = weights.to(DType::kFloat64);
        if (flat.data<double>()[i] == 0) targets.data<std::int32_t>()[i] = masked_target;
      }
      ParameterArena arena(gpt.parameters());
      Pass pass;
      const Variable loss = linear_cross_entropy(gpt.hidden(batch.input, pass), gpt.head_weight(),
                                                 targets, 0.1, weights);
      backward(loss);
      arena.complete_grads();
      return std::pair{loss.value().clone(), arena.grads().clone()};
    };
    const auto [loss, gradients] = loss_with(kIgnoreIndex);
    for (const std::int32_t other : {0, 7, 12}) {
      const auto [other_loss, other_gradients] = loss_with(other);
      EXPECT_TRUE(same_bits(other_loss, loss));
      EXPECT_TRUE(same_bits(other_gradients, gradients));
    }
    // And the law has something to hold against: a supervised target is read.
    batch.targets.data<std::int32_t>()[0] = (batch.targets.data<std::int32_t>()[0] + 1) % 13;
    weights.fill_(1);
    EXPECT_FALSE(same_bits(loss_with(0).first, loss));
  }
}

TEST(SftLoss, DoesNotSeeIdsBehindTheLastTarget) {
  for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
    Gpt gpt = small::model(small::config(), 19, dtype);
    small::Random random(20);
    Example e = small::example(random, 12, 1);
    for (int t = 8; t < 12; ++t) e.targets[t] = kIgnoreIndex;
    const auto before = gradients_of(gpt, whole({e}));
    for (int t = 8; t < 12; ++t) e.ids[t] = (e.ids[t] + 5) % 13;
    EXPECT_SAME_BITS(gradients_of(gpt, whole({e})), before);
    e.ids[7] = (e.ids[7] + 5) % 13;
    EXPECT_NE(gradients_of(gpt, whole({e})).result.loss, before.result.loss);
  }
}

TEST(SftLoss, WithoutAnyTargetIsZeroAndMovesNothingButDecay_B20_B58_B59) {
  for (const auto kind : {Normaliser::Kind::kTokens, Normaliser::Kind::kExamples,
                          Normaliser::Kind::kMicrobatch, Normaliser::Kind::kConstant}) {
    Gpt gpt = small::model(small::config(), 21);
    auto examples = small::examples(4, 22);
    for (Example& e : examples) e.targets.assign(e.targets.size(), kIgnoreIndex);
    const auto step = cut(examples, {3, 1});
    const StepOptions options{.normaliser = {kind, 3}};
    ParameterArena arena(gpt.parameters());
    const Tensor before = arena.values().clone();
    AdamW plain(arena, {});
    const StepResult result = optimizer_step(gpt, arena, plain, step, options, 0.1);
    EXPECT_EQ(result.loss, 0);
    EXPECT_EQ(result.grad_norm, 0);
    for (const double g : arena.grads().span<double>()) ASSERT_EQ(g, 0);
    EXPECT_TRUE(same_bits(arena.values(), before));

    AdamW decaying(arena, {.weight_decay = 0.5});
    optimizer_step(gpt, arena, decaying, step, options, 0.1);
    for (std::int64_t i = 0; i < before.numel(); ++i) {
      const double shrink = i < arena.decay_end() ? 1 - 0.1 * 0.5 : 1;
      ASSERT_EQ(arena.values().data<double>()[i], before.data<double>()[i] * shrink);
    }
  }
}

TEST(SftLoss, AMicroBatchWithoutTargetsAddsNothing_B20) {
  Gpt gpt = small::model(small::config(), 23);
  const auto examples = small::examples(4, 24);
  auto step = whole(examples);
  const auto before = gradients_of(gpt, step);
  auto masked = examples;
  for (Example& e : masked) e.targets.assign(e.targets.size(), kIgnoreIndex);
  step.push_back(make_batch(masked));
  EXPECT_SAME_BITS(gradients_of(gpt, step), before);
}

// Rows fill a chunk and more; the rows of one whole chunk are ignored.
TEST(SftLoss, OfChunksIsThatOfAllLogitsAtOnce_B20_B138) {
  constexpr std::int64_t kChunk = tensor::head_chunk_rows(5), kRows = 2 * kChunk + 3;
  reset_sample_seed(25);
  const Variable x = parameter(randn({kRows, 3})), weight = parameter(randn({5, 3}));
  for (const std::int64_t ignored : {std::int64_t{0}, kChunk, 2 * kChunk + 2}) {
    const Tensor targets = random_ids({kRows}, 5);
    for (std::int64_t i = 0; i < ignored; ++i) targets.data<std::int32_t>()[i] = kIgnoreIndex;
    const auto run = [&](const Variable& loss) {
      Variable(x).zero_grad(), Variable(weight).zero_grad();
      backward(loss);
      return std::vector{loss.value().clone(), x.grad().clone(), weight.grad().clone()};
    };
    const auto fused = run(linear_cross_entropy(x, weight, targets));
    const auto all = run(masked_cross_entropy(linear(x, weight), targets));
    for (const int i : {0, 1, 2}) EXPECT_LE(difference(fused[i], all[i]), 1e-12);
    EXPECT_NEAR(difference(fused[1].rows(0, ignored), Tensor::zeros({ignored, 3})), 0, 0);
  }
}

}  // namespace
}  // namespace pupil
