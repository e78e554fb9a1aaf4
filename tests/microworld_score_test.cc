// What the scores of the microworld mean, on answers and log-probabilities made by hand.
#include "microworld/score.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace pupil::microworld {
namespace {

constexpr std::uint64_t kSeed = 0;

TEST(MicroworldScore, KeepsAccuracyShapeAndStopApart) {
  const auto example = make_example({.name = 0, .relation = 0}, ids_of("oslo"));
  struct Case {
    const char* generated;
    bool right, shape, stop, abstains;
  };
  for (const auto& c : {Case{"oslo <end>", true, true, true, false},
                        {"oslo oslo", true, true, false, false},
                        {"rome <end>", false, true, true, false},
                        {"red <end>", false, false, true, false},
                        {"the oslo <end>", false, false, true, false},
                        {"no idea <end>", false, false, true, true},
                        {"no", false, false, false, false},
                        {"what is the city of mira ?", false, false, false, false},
                        {"", false, false, false, false}}) {
    const auto verdict = judge(example, ids_of(c.generated));
    EXPECT_EQ(verdict.right, c.right) << c.generated;
    EXPECT_EQ(verdict.shape, c.shape) << c.generated;
    EXPECT_EQ(verdict.stop, c.stop) << c.generated;
    EXPECT_EQ(verdict.abstains, c.abstains) << c.generated;
  }
}

TEST(MicroworldScore, CountsAnswers) {
  const std::vector<Example> examples(4, make_example({.name = 0, .relation = 0}, ids_of("oslo")));
  const std::vector<Ids> generated = {ids_of("oslo <end>"), ids_of("rome <end>"),
                                      ids_of("no idea <end>"), ids_of("red red")};
  const auto metrics = score_answers("held-out", examples, generated);
  ASSERT_EQ(metrics.size(), 3u);
  const double expected[] = {.25, .5, .75};
  const char* names[] = {"accuracy", "shape", "stop"};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(metrics[i].slice, "held-out");
    EXPECT_EQ(metrics[i].metric, names[i]);
    EXPECT_EQ(metrics[i].value, expected[i]);
    EXPECT_EQ(metrics[i].n, 4);
    EXPECT_LT(metrics[i].low, expected[i]);
    EXPECT_GT(metrics[i].high, expected[i]);
  }
  EXPECT_EQ(score_abstention("held-out", examples, generated).value, .25);
  EXPECT_THROW(score_answers("held-out", examples, {}), std::invalid_argument);
}

TEST(MicroworldScore, TellsAnotherQuestionFromAnAnswer) {
  const World world(kSeed);
  const Question question{.name = 0, .relation = 0};
  const auto truth = text(true_answer(world, question));
  const std::vector<Question> questions(5, question);
  const std::vector<Ids> continuations = {ids_of("what is the pet of nora ? what is"),
                                          ids_of("what is the pet of"),
                                          ids_of("what is it . is it ?"),
                                          ids_of("mira 's city is " + truth + " . what ?"),
                                          {}};
  const auto metrics = score_continuations("base", world, questions, continuations);
  EXPECT_EQ(metrics.at(0).metric, "another_question");
  EXPECT_EQ(metrics[0].value, .2);
  EXPECT_EQ(metrics.at(1).metric, "contains_answer");
  EXPECT_EQ(metrics[1].value, .2);
}

TEST(MicroworldScore, CountsClozes) {
  const auto probes = cloze_probes(World(kSeed));
  Ids best;
  for (const auto& p : probes) best.push_back(p.answer);
  EXPECT_EQ(score_cloze("known", probes, best).value, 1);
  for (size_t i = 0; i < 96; ++i) best[i] = kPad;
  EXPECT_EQ(score_cloze("known", probes, best).value, .75);
}

TEST(MicroworldScore, SplitsLogProbabilitiesByTheMask) {
  const double never_read = std::nan("");
  const std::vector<Example> examples(2, make_example({.name = 0, .relation = 0}, ids_of("oslo")));
  std::vector<double> first(13, -2.), second(13, -4.);
  first[0] = second[0] = never_read;
  first[11] = -1, first[12] = std::log(.5);
  second[11] = -3, second[12] = std::log(.25);
  const std::vector<std::vector<double>> logprobs = {first, second};
  const auto metrics = score_logprobs("train", examples, logprobs);
  ASSERT_EQ(metrics.size(), 3u);
  EXPECT_DOUBLE_EQ(metrics[0].value, 3) << "prompt: 10 tokens at 2 nats, 10 at 4";
  EXPECT_EQ(metrics[0].n, 20);
  EXPECT_NEAR(metrics[0].high - 3, kZ95, 1e-12) << "two records at 3 -+ 1: se = sqrt(2) / sqrt(2)";
  EXPECT_NEAR(metrics[1].value, (4 + std::log(8)) / 4, 1e-15);
  EXPECT_EQ(metrics[1].n, 4);
  EXPECT_NEAR(metrics[2].value, .375, 1e-15);
  EXPECT_EQ(metrics[2].n, 2);
  EXPECT_THROW(score_logprobs("train", examples, std::vector<std::vector<double>>(2)),
               std::invalid_argument);
}

TEST(MicroworldScore, WeighsDocumentsByTheirTokens) {
  const std::vector<std::vector<double>> logprobs = {{0, -1, -1, -1}, {0, -5}, {0}, {}};
  const auto metric = score_documents("corpus", logprobs);
  EXPECT_EQ(metric.metric, "corpus_nll");
  EXPECT_EQ(metric.value, 2);
  EXPECT_EQ(metric.n, 4);
  EXPECT_EQ(score_documents("corpus", {}).n, 0);
}

TEST(MicroworldInterval, SolvesWilsonsEquation) {
  // The ends are the two roots of (p - x)^2 = z^2 x (1 - x) / n.
  for (const int n : {1, 10, 192})
    for (const int k : {0, 1, n / 2, n - 1, n}) {
      const double p = static_cast<double>(k) / n;
      const auto [low, high] = wilson(k, n);
      EXPECT_LE(low, p);
      EXPECT_GE(high, p);
      EXPECT_LT(low, high);
      for (const double x : {low, high})
        EXPECT_NEAR((p - x) * (p - x), kZ95 * kZ95 * x * (1 - x) / n, 1e-15) << k << " of " << n;
    }
}

TEST(MicroworldInterval, HasTheKnownEndsAtNoneAndAll) {
  const double z2 = kZ95 * kZ95;
  EXPECT_EQ(wilson(0, 10).low, 0);
  EXPECT_NEAR(wilson(0, 10).high, z2 / (10 + z2), 1e-15);
  EXPECT_NEAR(wilson(10, 10).low, 10 / (10 + z2), 1e-15);
  EXPECT_EQ(wilson(10, 10).high, 1);
  EXPECT_EQ(wilson(0, 0).low, 0);
  EXPECT_EQ(wilson(0, 0).high, 1);
  // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I: 81 of 263.
  EXPECT_NEAR(wilson(81, 263).low, .2553, 5e-5);
  EXPECT_NEAR(wilson(81, 263).high, .3662, 5e-5);
}

}  // namespace
}  // namespace pupil::microworld
