// Fine-tuning in lessons: what trains, and when it stops.
#include <gtest/gtest.h>

#include "lessons/kit/fine_tune.h"
#include "sft/lora.h"
#include "sft/microworld_data.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

TEST(FineTune, OfAnAdaptedModelMovesTheAdapterAndNoBitOfTheBase) {
  const microworld::World world(4);
  Gpt gpt(microworld_model(), 4);
  std::vector<Tensor> before;
  for (const NamedParameter& p : gpt.parameters()) before.push_back(p.variable->value().clone());
  add_lora(gpt, {.rank = 2, .alpha = 4}, 4);
  const Tensor b = gpt.linears()[0]->lora->b.value().clone();
  fine_tune(gpt, world, training_set(world), {.steps = 3});
  EXPECT_FALSE(small::same_bits(gpt.linears()[0]->lora->b.value(), b));
  std::size_t i = 0;
  for (const NamedParameter& p : gpt.parameters()) {
    EXPECT_TRUE(small::same_bits(p.variable->value(), before[i++])) << p.name;
  }
}

TEST(FineTune, StopsAtTheFirstMeasureThatReachesTheAccuracyAskedFor) {
  const microworld::World world(4);
  Gpt gpt(microworld_model(), 4);
  const FineTuned run =
      fine_tune(gpt, world, training_set(world), {.steps = 30, .measure_every = 2, .until = 0});
  EXPECT_EQ(run.losses.size(), 2u);
  EXPECT_EQ(run.accuracy.size(), 1u);
}

}  // namespace
}  // namespace pupil
