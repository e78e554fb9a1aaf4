// The experiment that most lessons repeat: fine-tuning a model of the microworld on questions with
// answers, measured on the way.
#pragma once
#include <cstdint>
#include <vector>

#include "microworld/data_sets.h"
#include "nn/gpt.h"

namespace pupil {

struct FineTuning {
  std::int64_t steps = 160;        ///< of 32 examples
  double lr = 1e-3;                ///< 10 steps of warm-up, then constant; no weight decay
  std::uint64_t seed = 0;          ///< order of the examples
  bool all_tokens = false;         ///< supervise the question, too
  std::int64_t measure_every = 0;  ///< steps between measures of held-out answers; 0: none
  double until = 2;                ///< stop once the share right is reached; above 1: never
};

/// Shares of a model's greedy answers (microworld/score.h): the right value, some value of the
/// relation that was asked for, ended by <end>.
struct AnswerShares {
  double right = 0, shape = 0, stop = 0;
};

struct FineTuned {
  std::vector<double> losses;                 ///< a step each
  std::vector<double> accuracy, shape, stop;  ///< on the test set, every `measure_every` steps
  double mask_share = 0;                      ///< supervised tokens over all tokens
};

/// Trains every parameter of `gpt` on `examples`; of a model with an adapter (sft/lora.h) the
/// adapter's.
FineTuned fine_tune(Gpt& gpt, const microworld::World& world,
                    const std::vector<microworld::Example>& examples, const FineTuning& options);

AnswerShares answer_shares(const Gpt& gpt, const std::vector<microworld::Example>& questions);
/// The share of `questions` that `gpt` answers rightly, greedily.
double accuracy(const Gpt& gpt, const std::vector<microworld::Example>& questions);

}  // namespace pupil
