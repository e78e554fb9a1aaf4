// The experiment that lessons repeat: fine-tuning, measured on the way.
#include "lessons/kit/fine_tune.h"

#include <gtest/gtest.h>

#include "sft/microworld_data.h"

namespace pupil {
namespace {

TEST(FineTune, MeasuresThreeSharesOfWhichRightIsNeverMoreThanShape) {
  const microworld::World world(3);
  Gpt gpt(microworld_model(), 3);
  const FineTuned run =
      fine_tune(gpt, world, training_set(world), {.steps = 40, .measure_every = 20});
  EXPECT_EQ(run.losses.size(), 40u);
  ASSERT_EQ(run.accuracy.size(), 2u);
  ASSERT_EQ(run.shape.size(), 2u);
  ASSERT_EQ(run.stop.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_LE(run.accuracy[i], run.shape[i]);
  const AnswerShares last = answer_shares(gpt, test_set(world));
  EXPECT_EQ(last.right, run.accuracy[1]);
  EXPECT_EQ(last.shape, run.shape[1]);
  EXPECT_EQ(last.stop, run.stop[1]);
  EXPECT_EQ(accuracy(gpt, test_set(world)), last.right);
  EXPECT_GT(last.stop, 0.5) << "40 steps teach where an answer ends";
}

}  // namespace
}  // namespace pupil
