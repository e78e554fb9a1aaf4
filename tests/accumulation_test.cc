// What is counted and what is divided: workers, evaluation, tokens, wrapped models. Each law is one
// that training libraries have broken (docs/bugs.md, A).
#include <gtest/gtest.h>

#include <cmath>

#include "sft/lora.h"
#include "sft/scoring.h"
#include "sft/trainer.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

using small::cut;
using small::difference;
using small::gradients_of;
using small::whole;

// The examples with fewer targets first, so that the halves of a step differ as much as they can.
std::vector<Example> uneven_examples(int count, unsigned seed) {
  auto examples = small::examples(count, seed);
  std::stable_sort(examples.begin(), examples.end(), [](const Example& a, const Example& b) {
    return a.target_count() < b.target_count();
  });
  return examples;
}

// Two workers, each with the mean over its own tokens: their gradients combine in the share of
// their tokens. The plain average, which gives every worker the same say, is another gradient.
TEST(Workers, CombineInTheShareOfTheirTargets_B05_B13) {
  Gpt gpt = small::model(small::config(), 1);
  const auto examples = uneven_examples(10, 2);
  const std::vector<Example> half[2] = {{examples.begin(), examples.begin() + 5},
                                        {examples.begin() + 5, examples.end()}};
  const auto together = gradients_of(gpt, whole(examples));
  const small::Outcome alone[2] = {gradients_of(gpt, whole(half[0])),
                                   gradients_of(gpt, whole(half[1]))};
  const double n[2] = {double(alone[0].result.n_targets), double(alone[1].result.n_targets)};
  ASSERT_GT(n[1], 2 * n[0]);
  ASSERT_GT(n[0], 0);
  double plain_average_is_off = 0;
  for (std::size_t i = 0; i < together.gradients.size(); ++i) {
    const auto combined = [&](double first, double second) {
      Tensor a = alone[0].gradients[i].clone(), b = alone[1].gradients[i].clone();
      a.scale_(first);
      b.scale_(second);
      a.add_(b);
      return a;
    };
    const double all = n[0] + n[1];
    EXPECT_LE(difference(combined(n[0] / all, n[1] / all), together.gradients[i]), 1e-12);
    plain_average_is_off =
        std::max(plain_average_is_off, difference(combined(.5, .5), together.gradients[i]));
  }
  EXPECT_GT(plain_average_is_off, 0.1) << "the halves must differ, or this test shows nothing";
}

// Whether something is wrapped around the model changes nothing in how the loss is divided.
TEST(WrappedModel, ReportsTheLossOfThePlainOne_B07) {
  const auto examples = small::examples(9, 4);
  for (const auto kind : {Normaliser::Kind::kTokens, Normaliser::Kind::kExamples,
                          Normaliser::Kind::kMicrobatch, Normaliser::Kind::kConstant}) {
    const StepOptions options{.normaliser = {kind, 3}};
    Gpt plain = small::model(small::config(), 3), wrapped = small::model(small::config(), 3);
    LoraConfig lora;
    lora.rank = 2;
    add_lora(wrapped, lora, 5);  // B = 0: the same function
    const auto step = cut(examples, {4, 2, 3});
    const double want = gradients_of(plain, step, options).result.loss;
    const double got = gradients_of(wrapped, lora_parameters(wrapped), step, options).result.loss;
    EXPECT_NEAR(got, want, 1e-12 * want);
  }
}

TEST(Evaluation, DoesNotDependOnHowTheDataAreCut_B08) {
  const Gpt gpt = small::model(small::config(), 6);
  const auto examples = uneven_examples(12, 7);
  const Evaluation want = evaluate_loss(gpt, whole(examples));
  for (const std::vector<int>& sizes :
       std::vector<std::vector<int>>{std::vector<int>(12, 1), {1, 11}, {5, 7}, {4, 4, 4}}) {
    const Evaluation got = evaluate_loss(gpt, cut(examples, sizes));
    EXPECT_NEAR(got.loss, want.loss, 1e-12 * want.loss);
    EXPECT_EQ(got.n_targets, want.n_targets);
  }
}

// Masked, shifted, and weighted by tokens, not by batches: against scoring one token at a time.
TEST(Evaluation, IsTheMeanOverSupervisedTokens_B19) {
  const Gpt gpt = small::model(small::config(), 8);
  const auto examples = uneven_examples(8, 9);
  double sum = 0, mean_of_means = 0;
  std::int64_t count = 0, records = 0;
  for (const Example& e : examples) {
    double own = 0;
    for (const double logprob : next_logprobs(gpt, e.ids, e.targets)) own -= logprob;
    sum += own;
    count += e.target_count();
    if (e.target_count() > 0) mean_of_means += own / double(e.target_count());
    records += e.target_count() > 0;
  }
  const Evaluation got = evaluate_loss(gpt, cut(examples, {3, 5}));
  EXPECT_NEAR(got.loss, sum / double(count), 1e-12);
  EXPECT_EQ(got.n_targets, count);
  EXPECT_GT(std::abs(mean_of_means / double(records) - got.loss), 1e-3)
      << "a mean of means must be another number here, or this test shows nothing";
}

TEST(StepResult, CountsEveryTokenOnce_B12) {
  Gpt gpt = small::model(small::config(), 10);
  const auto examples = small::examples(12, 11);
  std::int64_t tokens = 0;
  for (const Example& e : examples) tokens += std::int64_t(e.ids.size());
  for (const std::vector<int>& sizes :
       std::vector<std::vector<int>>{{12}, std::vector<int>(12, 1), {5, 7}, {3, 3, 3, 3}}) {
    for (const PadSide side : {PadSide::kRight, PadSide::kLeft}) {
      EXPECT_EQ(gradients_of(gpt, cut(examples, sizes, side)).result.n_tokens, tokens);
    }
  }
}

// A model whose logits are all equal loses log V at every token, whatever is masked, padded, packed
// or weighted. Any count from elsewhere than the mask of the very loss gives another number.
TEST(StepResult, DividesByTheTargetsThatTheLossSaw_B14) {
  Gpt gpt = small::model(small::config(), 12);
  gpt.wte.value().fill_(0);  // the tied head: logits 0
  auto examples = small::examples(12, 13);
  Example packed = examples[4];
  packed.targets.assign(packed.targets.size(), 3);
  for (std::size_t t = 0; t < packed.ids.size(); ++t) {
    packed.segments.push_back(std::int32_t(t / 3));
    packed.positions.push_back(std::int32_t(t % 3));
  }
  drop_targets_across_segments(packed);
  packed.weights.assign(packed.ids.size(), 0.5);
  examples.push_back(packed);
  for (const std::vector<int>& sizes : std::vector<std::vector<int>>{{13}, {1, 12}, {6, 7}}) {
    for (const PadSide side : {PadSide::kRight, PadSide::kLeft}) {
      const StepResult r = gradients_of(gpt, cut(examples, sizes, side)).result;
      EXPECT_NEAR(r.loss, std::log(13.0), 1e-12);
      EXPECT_NEAR(evaluate_loss(gpt, cut(examples, sizes, side)).loss, std::log(13.0), 1e-12);
    }
  }
}

// The norm that is clipped is that of the whole step's gradient, once everything is added up.
TEST(Clip, ActsOnTheSumOfAllMicroBatches_B143) {
  const auto examples = uneven_examples(8, 15);
  const auto weights_after = [&](const std::vector<int>& sizes) {
    Gpt gpt = small::model(small::config(), 14);
    ParameterArena arena(gpt.parameters());
    AdamW optimizer(arena, {.eps = 1});  // not scale-free, so that clipping shows
    const StepResult r =
        optimizer_step(gpt, arena, optimizer, cut(examples, sizes), {.clip = 0.01}, 0.1);
    EXPECT_GT(r.grad_norm, 0.1) << "the gradient must be clipped, or this test shows nothing";
    return arena.values().clone();
  };
  const Tensor want = weights_after({8});
  for (const std::vector<int>& sizes :
       std::vector<std::vector<int>>{std::vector<int>(8, 1), {3, 5}, {7, 1}}) {
    EXPECT_LE(difference(weights_after(sizes), want), 1e-12);
  }
}

}  // namespace
}  // namespace pupil
