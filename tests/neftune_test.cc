// NEFTune's noise: its size, what it depends on, and that only training has it.
#include "sft/neftune.h"

#include <gtest/gtest.h>

#include <set>

#include "sft/trainer.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

using small::cut;
using small::gradients_of;
using small::whole;

constexpr std::int64_t kWidth = 6;

std::vector<double> noise_of(const Batch& batch, NoisePlace place = {}, double alpha = 5) {
  return neftune_noise(batch, kWidth, alpha, place, DType::kFloat64).to_vector<double>();
}

Example of_length(int n) {
  Example e;
  e.ids.assign(std::size_t(n), 1);
  e.targets.assign(std::size_t(n), 2);
  return e;
}

TEST(Neftune, IsUniformBetweenMinusAndPlusAlphaOverTheRootOfLengthTimesWidth) {
  for (const int length : {7, 400}) {
    const double size = 5 / std::sqrt(double(length * kWidth));
    double sum = 0, squares = 0, largest = 0, smallest = 0;
    std::int64_t count = 0;
    for (std::int64_t step = 0; step < 2800 / length; ++step) {
      for (const double x : noise_of(whole({of_length(length)})[0], {.seed = 3, .step = step})) {
        sum += x;
        squares += x * x;
        largest = std::max(largest, x);
        smallest = std::min(smallest, x);
        ++count;
      }
    }
    // Of n values the mean has the deviation size / sqrt(3 n), the largest lacks about 2 size / n.
    const double n = double(count);
    EXPECT_NEAR(sum / n, 0, 4 * size / std::sqrt(3 * n));
    EXPECT_NEAR(squares / n, size * size / 3, 4 * size * size * std::sqrt(4.0 / 45 / n));
    EXPECT_LE(largest, size);
    EXPECT_GE(smallest, -size);
    EXPECT_GT(largest, size * (1 - 20 / n));
    EXPECT_LT(smallest, -size * (1 - 20 / n));
  }
}

TEST(Neftune, GrowsWithAlpha) {
  const Batch batch = whole({of_length(5), of_length(3)})[0];
  const auto one = noise_of(batch, {}, 1), three = noise_of(batch, {}, 3);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(three[i], 3 * one[i], 1e-15);
}

TEST(Neftune, NoTwoRecordsStepsOrSeedsShareANumber_B54) {
  const Batch batch = whole({of_length(9), of_length(9)})[0];
  std::set<double> seen;
  std::size_t count = 0;
  for (const std::uint64_t seed : {0, 1}) {
    for (const std::int64_t step : {0, 1, 1000}) {
      for (const double x : noise_of(batch, {.seed = seed, .step = step})) {
        seen.insert(x);
        ++count;
      }
    }
  }
  EXPECT_EQ(seen.size(), count);
}

// The noise of record `index` of a batch: its rows without padding.
std::vector<double> of_record(const Batch& batch, std::int64_t b, std::int64_t begin,
                              std::int64_t length, NoisePlace place = {}) {
  const auto all = noise_of(batch, place);
  const auto first = all.begin() + (b * batch.input.ids.shape()[1] + begin) * kWidth;
  return {first, first + length * kWidth};
}

TEST(Neftune, DoesNotDependOnPaddingOrNeighbours_B142) {
  const Example a = of_length(4), b = of_length(9);
  const auto alone = of_record(whole({a})[0], 0, 0, 4);
  EXPECT_EQ(of_record(whole({a, b})[0], 0, 0, 4), alone);
  EXPECT_EQ(of_record(whole({a, b}, PadSide::kLeft)[0], 0, 5, 4), alone);
  Example packed = of_length(13);
  for (int t = 0; t < 13; ++t) {
    packed.segments.push_back(t >= 4);
    packed.positions.push_back(t < 4 ? t : t - 4);
  }
  packed.records = 2;
  const Batch row = whole({packed})[0];
  EXPECT_EQ(of_record(row, 0, 0, 4), alone);
  EXPECT_EQ(of_record(row, 0, 4, 9), of_record(whole({a, b})[0], 1, 0, 9));
  const auto padded = noise_of(whole({a, b})[0]);
  for (std::int64_t i = 4 * kWidth; i < 9 * kWidth; ++i) ASSERT_EQ(padded[std::size_t(i)], 0);
}

TEST(Neftune, IsTheSameForEverySplitIntoMicroBatches) {
  Gpt gpt = small::model(small::config(), 1);
  const auto examples = small::examples(10, 2);
  const StepOptions options{.dropout_seed = 4, .neftune_alpha = 5};
  const auto want = gradients_of(gpt, whole(examples), options);
  for (const std::vector<int>& sizes :
       std::vector<std::vector<int>>{std::vector<int>(10, 1), {3, 7}, {5, 5}, {9, 1}}) {
    EXPECT_SAME_OUTCOME(gradients_of(gpt, cut(examples, sizes), options), want, 1e-10);
    EXPECT_SAME_OUTCOME(gradients_of(gpt, cut(examples, sizes, PadSide::kLeft), options), want,
                        1e-10);
  }
}

TEST(Neftune, ChangesTrainingAndNotEvaluation_B141) {
  Gpt gpt = small::model(small::config(), 5);
  const auto step = whole(small::examples(6, 6));
  const double without = gradients_of(gpt, step).result.loss;
  const double with = gradients_of(gpt, step, {.neftune_alpha = 5}).result.loss;
  EXPECT_GT(std::abs(with - without), 1e-6);
  EXPECT_NEAR(evaluate_loss(gpt, step).loss, without, 1e-12);
}

TEST(Neftune, IsAddedToTokenEmbeddingsAndNothingElse) {
  Gpt gpt = small::model(small::config(), 7);
  const Batch batch = whole({of_length(5)})[0];
  const Tensor noise = neftune_noise(batch, gpt.config().n_embd, 5, {}, DType::kFloat64);
  // The same vectors through the table: five different tokens with the noise in their rows.
  GptInput noisy = batch.input;
  noisy.embedding_noise = noise;
  Pass pass;
  const Tensor want = gpt.hidden(noisy, pass).value();
  const Tensor table = gpt.wte.value();
  GptInput distinct;
  distinct.ids = Tensor::from<std::int32_t>({1, 5}, std::vector<std::int32_t>{3, 4, 5, 6, 7});
  for (std::int64_t t = 0; t < 5; ++t) {
    const Tensor row = table.rows(3 + t, 4 + t).reshape({gpt.config().n_embd});
    row.copy_(table.rows(1, 2).reshape({gpt.config().n_embd}));
    row.add_(noise.reshape({5, gpt.config().n_embd}).rows(t, t + 1).reshape({gpt.config().n_embd}));
  }
  EXPECT_LE(small::difference(gpt.hidden(distinct, pass).value(), want), 1e-14);
}

}  // namespace
}  // namespace pupil
