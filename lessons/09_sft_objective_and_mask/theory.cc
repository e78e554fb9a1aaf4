// Lesson 09 measures: the masked loss is pretraining's loss with other tokens counted; masked
// positions get exactly no gradient; a weight leads from one to the other; and which tokens count
// decides what the model becomes (M8).
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
  lesson.show("tokens", "T", double(length));
  lesson.show("supervised among them", "sum(m)", double(n));

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

void weights_between(Lesson& lesson) {
  lesson.claim("A weight between 0 and 1 leads from one loss to the other.");
  //   L(w) = sum_t w_t (-log p_t) / sum_t w_t,   w_t = 1 in the answer, w in the question
  constexpr std::int64_t kQuestion = 7, kAnswer = 3, kVocabulary = 13;
  const Tensor logits = randn({kQuestion + kAnswer, kVocabulary});
  const Tensor targets = random_ids({kQuestion + kAnswer}, std::int32_t(kVocabulary));
  const auto loss_at = [&](const Variable& z, double w) {
    std::vector<double> weights(std::size_t(kQuestion), w);
    weights.resize(std::size_t(kQuestion + kAnswer), 1);
    const Variable sum =
        weighted_cross_entropy(z, targets, Tensor::from<double>({kQuestion + kAnswer}, weights));
    return scale(sum, 1 / (double(kQuestion) * w + double(kAnswer)));
  };
  lesson.gradcheck("the weighted mean, w = 0.1", {logits},
                   [&](const Inputs& in) { return loss_at(in[0], 0.1); });
  const auto value = [&](double w) { return loss_at(constant(logits), w).value().item(); };
  std::vector<std::int32_t> answer = targets.to_vector<std::int32_t>();
  std::fill_n(answer.begin(), kQuestion, kIgnoreIndex);
  const Tensor masked = Tensor::from<std::int32_t>({kQuestion + kAnswer}, answer);
  lesson.gate("weight 0 minus the masked loss", "L(w=0) - L(m)",
              std::abs(value(0) - masked_nll(constant(logits), masked, kAnswer).value().item()),
              less_than(1e-14));
  lesson.gate("weight 1 minus the mean over everything", "L(w=1) - L(m=1)",
              std::abs(value(1) + mean(gather_logprob(constant(logits), targets)).value().item()),
              less_than(1e-14));
  // How much of sum_t w_t stands in the question: w n_q / (w n_q + n_a).
  std::vector<std::pair<std::string, std::vector<double>>> rows;
  const auto share = [](double w, double question, double answer) {
    return w * question / (w * question + answer);
  };
  for (const double w : {0.01, 0.1, 1.0}) {
    rows.push_back(
        {"w = " + std::to_string(w).substr(0, 4), {share(w, 10, 2), share(w, 1000, 50)}});
  }
  lesson.table("share of the question in all weights", {"10 and 2 tokens", "1000 and 50"}, rows);
  lesson.show("share of a question of 1000 tokens at w = 0.1, answer of 50", "w n_q / sum_t w_t",
              share(0.1, 1000, 50));
}

struct Run {
  FineTuned tuned;
  double accuracy = 0, prompt_nll = 0;
  std::string after_user;
};

// What a model writes behind <user>: a question, or something else?
std::string continue_after_user(const Gpt& gpt) {
  const microworld::Example probe{.question = {},
                                  .answer = {},
                                  .ids = {microworld::kBos, microworld::kUser, microworld::kPad},
                                  .mask = {0, 0, 0}};
  return microworld_tokenizer().decode(answer(gpt, std::vector{probe})[0]);
}

Run measure(const BaseModel& base, ChatRows rows, bool all_tokens, std::int64_t steps) {
  const World world(base.seed);
  Gpt gpt = base.load(rows);
  Run run;
  run.tuned =
      fine_tune(gpt, world, microworld::training_set(world),
                {.steps = steps, .seed = base.seed, .all_tokens = all_tokens, .measure_every = 20});
  const auto metrics = evaluate_microworld(gpt, world, {.base = false, .knowledge = false});
  run.accuracy = metric_value(metrics, "held-out", "accuracy");
  run.prompt_nll = metric_value(metrics, "held-out", "prompt_nll");
  run.after_user = continue_after_user(gpt);
  return run;
}

// Both masks on two seeds, since one seed of so small a world proves little.
struct Experiment {
  std::vector<Run> response, all;

  double mean(const std::vector<Run>& runs, double Run::*what) const {
    double sum = 0;
    for (const Run& run : runs) sum += run.*what;
    return sum / double(runs.size());
  }
  double gap(double Run::*what) const { return mean(response, what) - mean(all, what); }
};

Experiment experiment(const std::vector<BaseModel>& bases, ChatRows rows, std::int64_t steps) {
  Experiment result;
  for (const BaseModel& base : bases) {
    result.response.push_back(measure(base, rows, false, steps));
    result.all.push_back(measure(base, rows, true, steps));
  }
  return result;
}

void show_accuracies(Lesson& lesson, const std::string& title, const Experiment& e) {
  std::vector<std::pair<std::string, std::vector<double>>> rows;
  for (std::size_t i = 0; i < e.response.size(); ++i) {
    rows.push_back(
        {"seed " + std::to_string(lesson.seed() + i), {e.response[i].accuracy, e.all[i].accuracy}});
  }
  lesson.table(title, {"response", "all tokens"}, rows);
}

void which_tokens_count(Lesson& lesson) {
  lesson.claim(
      "Training on the response alone answers more questions than training on everything.");
  const std::int64_t steps = std::stoll(lesson.setting("steps"));
  lesson.show("demonstrations", double(microworld::training_set(World(lesson.seed())).size()));
  lesson.show("steps of fine-tuning", double(steps));
  std::vector<BaseModel> bases;
  for (const std::uint64_t next : {0, 1}) {
    bases.push_back(pretrained(lesson, {.seed = lesson.seed() + next}));
  }
  const Experiment e = experiment(bases, ChatRows::kPushed, steps);
  const Run &response = e.response[0], &all = e.all[0];
  lesson.show("share of supervised tokens, response only", "sum(m)/T", response.tuned.mask_share);
  lesson.show("share of supervised tokens, all", "sum(m)/T", all.tuned.mask_share);
  lesson.plot("held-out accuracy while fine-tuning", "step / 20", "share right",
              {{"response only", response.tuned.accuracy}, {"all tokens", all.tuned.accuracy}});
  show_accuracies(lesson, "held-out accuracy", e);
  lesson.show("held-out accuracy, response only", e.mean(e.response, &Run::accuracy));
  lesson.show("held-out accuracy, all tokens", e.mean(e.all, &Run::accuracy));
  lesson.gate("accuracy, response - all", e.gap(&Run::accuracy), greater_than(.25));

  lesson.claim("The price: the response-only model no longer knows how a question goes.");
  lesson.show("NLL of held-out questions, response only", "-log p(prompt)",
              e.mean(e.response, &Run::prompt_nll));
  lesson.show("NLL of held-out questions, all tokens", "-log p(prompt)",
              e.mean(e.all, &Run::prompt_nll));
  lesson.gate("difference in nats a token", e.gap(&Run::prompt_nll), greater_than(4));
  lesson.say("behind <user>, response only writes: " + response.after_user);
  lesson.say("behind <user>, all tokens writes:    " + all.after_user);

  lesson.claim("The gap hangs on three rows: with a fresh start for the chat tokens, both answer.");
  //   <user>, <asst>, <end> never occur in pretraining. As rivals of every token in the softmax
  //   their rows are pushed away, all in one direction, and the model cannot tell them apart.
  const Gpt base = bases[0].load();
  lesson.show("numbers in the model", double(base.parameter_count()));
  lesson.show("numbers in the three rows", 3.0 * double(base.config().n_embd));
  const Experiment fresh = experiment(bases, ChatRows::kFresh, steps);
  show_accuracies(lesson, "held-out accuracy, fresh rows", fresh);
  lesson.gate("accuracy with fresh rows, all tokens", fresh.mean(fresh.all, &Run::accuracy),
              greater_than(.8));
  lesson.gate("accuracy with fresh rows, response - all", fresh.gap(&Run::accuracy),
              less_than(.25));
  lesson.caveat(
      "How much the mask gains is a property of the start and of the data. \"Mask the prompt\" was "
      "worth half of all answers above and almost nothing here: measure it on your own model "
      "before "
      "you repeat it as a rule.");
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "09", "The SFT objective and its mask", {{"steps", "160"}},
                    [](Lesson& lesson) {
                      reset_sample_seed(lesson.seed());
                      only_supervised_rows_get_a_gradient(lesson);
                      weights_between(lesson);
                      which_tokens_count(lesson);
                    });
}
