// Learning-rate schedules against their closed forms (docs: cli.md's definitions).
#include "nn/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tensor/error.h"

namespace pupil {
namespace {

constexpr double kTiny = 1e-15;
using std::numbers::pi;

TEST(Schedule, WarmsUpFromZeroInStraightLineAsTransformersDoes) {
  for (const ScheduleKind kind :
       {ScheduleKind::kConstant, ScheduleKind::kLinear, ScheduleKind::kCosine}) {
    const Schedule s{.kind = kind, .peak = 0.5, .steps = 100, .warmup = 10};
    EXPECT_EQ(s.rate(0), 0);
    for (int k = 0; k < 10; ++k) EXPECT_NEAR(s.rate(k), 0.5 * k / 10, kTiny);
    EXPECT_EQ(s.rate(10), 0.5);
  }
}

TEST(Schedule, WithoutWarmUpTheFirstStepHasThePeak) {
  for (const char* name : {"constant", "linear", "cosine", "wsd"}) {
    EXPECT_EQ((Schedule{.kind = schedule_kind(name), .peak = 0.5, .steps = 100}).rate(0), 0.5)
        << name;
  }
}

TEST(Schedule, ConstantStays) {
  const Schedule s{.kind = ScheduleKind::kConstant, .peak = 0.25, .steps = 20, .warmup = 3};
  for (int k = 3; k < 40; ++k) EXPECT_EQ(s.rate(k), 0.25);
}

TEST(Schedule, LinearFallsToZeroAtTheLastStepAndStays) {
  const Schedule s{.kind = ScheduleKind::kLinear, .peak = 2, .steps = 50, .warmup = 10};
  for (int k = 10; k <= 50; ++k) EXPECT_NEAR(s.rate(k), 2.0 * (50 - k) / 40, kTiny);
  EXPECT_EQ(s.rate(50), 0);
  EXPECT_EQ(s.rate(60), 0);
}

TEST(Schedule, CosineFallsInHalfAWaveToTheMinimum) {
  const Schedule s{
      .kind = ScheduleKind::kCosine, .peak = 1e-3, .steps = 110, .warmup = 10, .min_ratio = 0.1};
  for (int k = 10; k <= 110; ++k) {
    const double wave = (1 + std::cos(pi * (k - 10) / 100.0)) / 2;
    EXPECT_NEAR(s.rate(k), 1e-3 * (0.1 + 0.9 * wave), kTiny);
  }
  EXPECT_NEAR(s.rate(60), 1e-3 * 0.55, kTiny);
  EXPECT_NEAR(s.rate(110), 1e-4, kTiny);
}

TEST(Schedule, WsdWarmsUpFromTheMinimumStaysAndFallsOverTheLastFifth) {
  const Schedule s{
      .kind = ScheduleKind::kWsd, .peak = 2, .steps = 100, .warmup = 10, .min_ratio = 0.2};
  for (int k = 0; k < 10; ++k) EXPECT_NEAR(s.rate(k), 2 * (0.2 + 0.8 * k / 10), kTiny);
  for (int k = 10; k <= 80; ++k) EXPECT_EQ(s.rate(k), 2);
  for (int j = 0; j <= 20; ++j) {
    EXPECT_NEAR(s.rate(80 + j), 2 * (0.2 + 0.8 * (1 + std::cos(pi * j / 20)) / 2), 1e-14);
  }
  for (int k = 100; k < 120; ++k) EXPECT_NEAR(s.rate(k), 0.4, kTiny);
}

TEST(Schedule, WsdTakesTheLengthOfItsDecay) {
  const Schedule s{.kind = ScheduleKind::kWsd, .peak = 1, .steps = 40, .decay = 4};
  EXPECT_EQ(s.rate(36), 1);
  EXPECT_NEAR(s.rate(38), 0.5, kTiny);
  EXPECT_NEAR(s.rate(40), 0, kTiny);
  const Schedule none{.kind = ScheduleKind::kWsd, .peak = 1, .steps = 40, .decay = 0};
  EXPECT_EQ(none.rate(39), 1);
}

TEST(Schedule, PretrainingWarmsUpAndDecaysAsNanoGptDoes) {
  const Schedule s{.kind = ScheduleKind::kCosine,
                   .peak = 1e-3,
                   .steps = 2000,
                   .warmup = 100,
                   .min_ratio = 0.1,
                   .nanogpt_warmup = true};
  EXPECT_NEAR(s.rate(0), 1e-3 / 101, kTiny);
  EXPECT_NEAR(s.rate(99), 1e-3 * 100 / 101, kTiny);
  for (int k = 100; k <= 2000; k += 19) {
    const double wave = (1 + std::cos(pi * (k - 100) / 1900.0)) / 2;
    EXPECT_NEAR(s.rate(k), 1e-4 + wave * 9e-4, kTiny);
  }
  EXPECT_NEAR(s.rate(2500), 1e-4, kTiny);
}

TEST(Schedule, AnUnknownNameIsRefusedWithTheChoices) {
  try {
    schedule_kind("cosin");
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_STREQ(e.what(), "unknown schedule \"cosin\"; choose constant, linear, cosine or wsd");
  }
}

}  // namespace
}  // namespace pupil
