#include "lessons/kit/fine_tune.h"

#include "microworld/score.h"
#include "sft/evaluation.h"
#include "sft/example_data.h"
#include "sft/lora.h"
#include "sft/microworld_data.h"
#include "sft/render.h"
#include "sft/trainer.h"

namespace pupil {
namespace {

constexpr std::int64_t kRows = 32, kWarmup = 10;

std::vector<Example> to_data(const std::vector<microworld::Example>& examples, bool all_tokens) {
  std::vector<Example> data = to_examples(examples);
  if (!all_tokens) return data;
  for (Example& e : data) e.targets = targets_from(e.ids);
  return data;
}

}  // namespace

AnswerShares answer_shares(const Gpt& gpt, const std::vector<microworld::Example>& questions) {
  const std::vector<microworld::Ids> answers = answer(gpt, questions);
  double right = 0, shape = 0, stop = 0;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const microworld::Judgement verdict = microworld::judge(questions[i], answers[i]);
    right += verdict.right;
    shape += verdict.shape;
    stop += verdict.stop;
  }
  const double n = double(questions.size());
  return {right / n, shape / n, stop / n};
}

double accuracy(const Gpt& gpt, const std::vector<microworld::Example>& questions) {
  return answer_shares(gpt, questions).right;
}

FineTuned fine_tune(Gpt& gpt, const microworld::World& world,
                    const std::vector<microworld::Example>& examples, const FineTuning& options) {
  const ExampleData data(to_data(examples, options.all_tokens), kRows, 1, ExampleOrder::kShuffle,
                         options.seed);
  TrainOptions train_options{.out = "", .steps = options.steps};
  train_options.schedule = {.kind = ScheduleKind::kConstant,
                            .peak = options.lr,
                            .steps = options.steps,
                            .warmup = kWarmup};
  train_options.adamw = {.beta1 = 0.9, .beta2 = 0.99};
  FineTuned result;
  std::int64_t targets = 0, tokens = 0;
  TrainHooks hooks;
  hooks.batches = [&](std::int64_t number) { return data.step(number); };
  hooks.on_step = [&](std::int64_t step, const StepResult& r, double, double) {
    result.losses.push_back(r.loss);
    targets += r.n_targets;
    tokens += r.n_tokens;
    if (options.measure_every > 0 && step % options.measure_every == 0) {
      const AnswerShares shares = answer_shares(gpt, test_set(world));
      result.accuracy.push_back(shares.right);
      result.shape.push_back(shares.shape);
      result.stop.push_back(shares.stop);
    }
  };
  hooks.interrupted = [&] {
    return !result.accuracy.empty() && result.accuracy.back() >= options.until;
  };
  // Without an adapter these are all of the model's.
  train(gpt, lora_parameters(gpt), train_options, hooks);
  result.mask_share = double(targets) / double(tokens);
  return result;
}

}  // namespace pupil
