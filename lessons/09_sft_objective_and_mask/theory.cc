// Lesson 09 measures: the masked loss is pretraining's loss with other tokens counted; masked
// positions get exactly no gradient; and which tokens count decides what the model becomes (M8).
#include <algorithm>
#include <cmath>

#include "lessons/kit/fine_tune.h"
#include "lessons/kit/lesson.h"
#include "lessons/kit/pretrained.h"
#include "microworld/score.h"
#include "sft/evaluation.h"
#include "sft/microworld_data.h"
#include "sft/microworld_tokenizer.h"
#include "sft/render.h"

namespace {

using namespace pupil;
using microworld::World;

// L = sum_t m_t (-log p_t) / sum_t m_t; targets are shifted, -100 where m = 0.
Variable masked_nll(const Variable& logits, const Tensor& targets, std::int64_t n) {
  return scale(masked_cross_entropy(logits, targets), 1.0 / double(n));
}

void only_supervised_rows_get_a_gradient(Lesson& lesson) {
  lesson.claim("Masked positions get exactly no gradient.");
  //   dL/dz_t = m_t (softmax(z_t) - onehot(x_t)) / sum(m)
  const microworld::Example example = microworld::make_example(
      {.name = 3, .relation = 1}, microworld::true_answer(World(lesson.seed()), {3, 1}));
  std::vector<std::int32_t> labels = example.ids;
  for (std::size_t t = 0; t < labels.size(); ++t) {
    if (!example.mask[t]) labels[t] = kIgnoreIndex;
  }
  const std::vector<std::int32_t> shifted = targets_from(labels);
  const auto length = std::int64_t(shifted.size());
  const auto n = length - std::count(shifted.begin(), shifted.end(), kIgnoreIndex);
  lesson.say(microworld_tokenizer().decode(example.ids));
  lesson.show("tokens, and supervised among them", "T", double(length));
  lesson.show("", "sum(m)", double(n));

  constexpr std::int64_t kVocabulary = 13;
  std::vector<std::int32_t> small = shifted;
  for (std::int32_t& id : small) id = id == kIgnoreIndex ? id : id % std::int32_t(kVocabulary);
  const Tensor targets = Tensor::from<std::int32_t>({length}, small);
  const Tensor logits = randn({length, kVocabulary});
  // anchor: masked
  const Variable z = parameter(logits.clone());
  backward(masked_nll(z, targets, n));
  const std::vector<double> gradient = z.grad().to_vector<double>();
  std::vector<double> prompt_rows;
  double answer_norm = 0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    if (small[i / std::size_t(kVocabulary)] == kIgnoreIndex) {
      prompt_rows.push_back(gradient[i]);
    } else {
      answer_norm += std::abs(gradient[i]);
    }
  }
  lesson.expect_zero("gradient on prompt rows", prompt_rows);
  lesson.gate("gradient on answer rows", "sum |dL/dz|", answer_norm, greater_than(0.1));
  lesson.gradcheck("masked_nll", {logits},
                   [&](const Inputs& in) { return masked_nll(in[0], targets, n); });

  lesson.claim("With a mask of ones it is pretraining's loss: one formula, other tokens counted.");
  std::vector<std::int32_t> all = small;
  for (std::int32_t& id : all) id = std::max(id, 0);
  const Tensor every = Tensor::from<std::int32_t>({length}, all);
  const double masked = masked_nll(constant(logits), every, length).value().item();
  const double mean_nll = -mean(gather_logprob(constant(logits), every)).value().item();
  lesson.gate("masked loss minus the mean of -log p", "L(m=1) - L_pretrain",
              std::abs(masked - mean_nll), less_than(1e-14));
}

struct Run {
  FineTuned tuned;
  double accuracy = 0, prompt_nll = 0;
  std::string after_user;
};

// What a model writes behind <user>: a question, or something else?
std::string continue_after_user(const Gpt& gpt) {
  const microworld::Ids start = {microworld::kBos, microworld::kUser};
  const microworld::Example probe{
      .question = {}, .answer = {}, .ids = {start[0], start[1], 0}, .mask = {0, 0, 0}};
  return microworld_tokenizer().decode(answer(gpt, std::vector{probe})[0]);
}

Run measure(Lesson& lesson, const BaseModel& base, const World& world, bool all_tokens,
            std::int64_t steps) {
  Gpt gpt = base.load();
  Run run;
  run.tuned = fine_tune(
      gpt, world, training_set(world),
      {.steps = steps, .seed = lesson.seed(), .all_tokens = all_tokens, .measure_every = 20});
  const auto metrics = evaluate_microworld(gpt, world, {.base = false, .knowledge = false});
  run.accuracy = metric_value(metrics, "held-out", "accuracy");
  run.prompt_nll = metric_value(metrics, "held-out", "prompt_nll");
  run.after_user = continue_after_user(gpt);
  return run;
}

void which_tokens_count(Lesson& lesson) {
  lesson.claim(
      "Training on the response alone answers more questions than training on everything.");
  const World world(lesson.seed());
  const BaseModel base = pretrained(lesson, {.seed = lesson.seed()});
  const std::int64_t steps = std::stoll(lesson.setting("steps"));
  const Run response = measure(lesson, base, world, false, steps);
  const Run all = measure(lesson, base, world, true, steps);
  lesson.show("share of supervised tokens, response only", "sum(m)/T", response.tuned.mask_share);
  lesson.show("share of supervised tokens, all", "sum(m)/T", all.tuned.mask_share);
  lesson.plot("held-out accuracy while fine-tuning", "step / 20", "share right",
              {{"response only", response.tuned.accuracy}, {"all tokens", all.tuned.accuracy}});
  lesson.show("held-out accuracy, response only", response.accuracy);
  lesson.show("held-out accuracy, all tokens", all.accuracy);
  lesson.gate("accuracy, response - all", response.accuracy - all.accuracy, greater_than(.25));

  lesson.claim("The price: the response-only model no longer knows how a question goes.");
  lesson.show("NLL of held-out questions, response only", "-log p(prompt)", response.prompt_nll);
  lesson.show("NLL of held-out questions, all tokens", "-log p(prompt)", all.prompt_nll);
  lesson.gate("difference in nats a token", response.prompt_nll - all.prompt_nll, greater_than(4));
  lesson.say("behind <user>, response only writes: " + response.after_user);
  lesson.say("behind <user>, all tokens writes:    " + all.after_user);
  lesson.caveat(
      "The questions here are random pairs of a name and a relation, so training on them "
      "means memorising 192 of them. Questions that a few templates predict cost almost "
      "nothing to learn, and the gap shrinks: measure it on your own data.");
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "09", "The SFT objective and its mask", {{"steps", "160"}},
                    [](Lesson& lesson) {
                      reset_sample_seed(lesson.seed());
                      only_supervised_rows_get_a_gradient(lesson);
                      which_tokens_count(lesson);
                    });
}
