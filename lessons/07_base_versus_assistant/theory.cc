// Lesson 07 measures: a base model knows the facts and goes on with questions (M1); 120 steps of
// fine-tuning make it answer (M2); what users want is not what the corpus holds; instructions
// select an answer; demonstrations decide whether a hint is taken; and the two models' likelihoods
// tell who wrote a text.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lessons/07_base_versus_assistant/distributions.h"
#include "lessons/07_base_versus_assistant/requests.h"
#include "lessons/kit/fine_tune.h"
#include "lessons/kit/lesson.h"
#include "lessons/kit/pretrained.h"
#include "microworld/documents.h"
#include "microworld/probes.h"
#include "nn/generate.h"
#include "sft/evaluation.h"
#include "sft/scoring.h"

namespace {

using namespace pupil;
using namespace pupil::microworld;
using TextIds = std::vector<Ids>;
using Questions = std::vector<microworld::Example>;

constexpr std::uint64_t kFreshDocuments = std::uint64_t{1} << 40;  // beyond every training run's

// One seed: its world, the base model, and what fine-tuning on 192 questions makes of it.
struct Twins {
  World world;
  Gpt base, sft;
  FineTuned run;
  std::vector<Metric> of_base, of_sft;
};

Twins make_twins(const BaseModel& start, std::int64_t steps) {
  const World world(start.seed);
  Gpt base = start.load(), sft = start.load();
  FineTuned run = fine_tune(sft, world, training_set(world),
                            {.steps = steps, .seed = start.seed, .measure_every = 10});
  auto of_base = evaluate_microworld(base, world), of_sft = evaluate_microworld(sft, world);
  return {world, std::move(base), std::move(sft), std::move(run), of_base, of_sft};
}

// A metric's mean over seeds: one seed of so small a world proves little.
double mean_of(const std::vector<Twins>& all, std::vector<Metric> Twins::*model, const char* slice,
               const char* metric) {
  double sum = 0;
  for (const Twins& t : all) sum += metric_value(t.*model, slice, metric);
  return sum / double(all.size());
}

void the_base_continues(Lesson& lesson, const std::vector<Twins>& twins) {
  lesson.claim("The base knows the facts. Asked for one, it goes on with another question.");
  const auto base = [&](const char* slice, const char* metric) {
    return mean_of(twins, &Twins::of_base, slice, metric);
  };
  lesson.gate("statements it finishes rightly", "cloze", base("cloze", "cloze"), greater_than(.95));
  lesson.gate("questions it follows with a question", base("base", "another_question"),
              greater_than(.9));
  lesson.gate("continuations that hold the answer", base("base", "contains_answer"),
              less_than(.05));
  lesson.gate("right answers in the chat template", base("held-out", "accuracy"), less_than(.05));
  lesson.show("answers of the right kind there", base("held-out", "shape"));
  lesson.show("answers that end by themselves there", base("held-out", "stop"));
}

void fine_tuning_makes_it_answer(Lesson& lesson, const std::vector<Twins>& twins) {
  lesson.claim("120 steps on 192 demonstrations make it answer, the shape before the knowledge.");
  const FineTuned& run = twins[0].run;
  lesson.plot("answers to held-out questions while fine-tuning", "step / 10", "share",
              {{"right", run.accuracy}, {"right kind of word", run.shape}, {"ends", run.stop}});
  const auto sft = [&](const char* slice, const char* metric) {
    return mean_of(twins, &Twins::of_sft, slice, metric);
  };
  lesson.gate("held-out accuracy", sft("held-out", "accuracy"),
              greater_than(twins.size() > 1 ? .75 : .375));  // one seed shows the direction
  lesson.gate("held-out shape", sft("held-out", "shape"), greater_than(.97));
  lesson.gate("held-out stop", sft("held-out", "stop"), greater_than(.97));
  double ahead = 0;
  for (const Twins& t : twins) {
    double most = 0;
    for (std::size_t i = 0; i < t.run.shape.size(); ++i) {
      most = std::max(most, t.run.shape[i] - t.run.accuracy[i]);
    }
    ahead += most / double(twins.size());
  }
  lesson.gate("shape before knowledge, right kind minus right", ahead, greater_than(.2));
  lesson.gate("answers about unknown names, right", sft("unknown", "accuracy"), less_than(.15));
  lesson.show("answers about unknown names, shape", sft("unknown", "shape"));
  lesson.show("questions followed by a question after SFT", sft("base", "another_question"));
  lesson.show("statements it finishes rightly after SFT", sft("cloze", "cloze"));
}

// The mean distribution of the first new token behind these prompts.
Shares next_tokens(const Gpt& gpt, const TextIds& prompts) {
  Shares total(std::size_t(kVocabularySize), 0.0);
  for (const Ids& prompt : prompts) {
    const std::vector<double> p = first_token_distribution(gpt, prompt, {});
    for (std::size_t v = 0; v < total.size(); ++v) total[v] += p[v];
  }
  return normalised(total);
}

// What follows a question mark in 4000 documents that no training run has seen.
Shares after_question_marks(const World& world, TextIds* beginnings) {
  Shares counts(std::size_t(kVocabularySize), 0.0);
  const Id mark = *find("?");
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const Ids text = document(world, /*seed=*/0, kFreshDocuments + i);
    for (std::size_t t = 0; t + 1 < text.size(); ++t) {
      if (text[t] != mark) continue;
      counts[std::size_t(text[t + 1])] += 1;
      if (beginnings->size() < 200) {
        beginnings->emplace_back(text.begin(), text.begin() + std::ptrdiff_t(t) + 1);
      }
    }
  }
  return normalised(counts);
}

std::vector<double> by_kind(const Shares& p) {
  std::vector<double> shares(5, 0.0);
  for (std::size_t v = 0; v < p.size(); ++v) {
    const Id id = Id(v);
    const std::size_t kind = id == *find("what")     ? 0
                             : id == kEos            ? 1
                             : relation_of_value(id) ? 2
                             : id == kEnd            ? 3
                                                     : 4;
    shares[kind] += p[v];
  }
  return shares;
}

void intent_is_not_the_corpus(Lesson& lesson, const Twins& twins) {
  lesson.claim("The base is right about its corpus; what users want is another distribution.");
  TextIds in_corpus, asked;
  const Shares corpus = after_question_marks(twins.world, &in_corpus);
  Shares wanted(std::size_t(kVocabularySize), 0.0);
  const Questions questions = test_set(twins.world);
  for (const auto& q : questions) {
    asked.push_back(q.prompt());
    wanted[std::size_t(q.answer[0])] += 1;
  }
  wanted = normalised(wanted);
  const Shares base = next_tokens(twins.base, in_corpus), sft = next_tokens(twins.sft, asked);
  const Shares base_asked = next_tokens(twins.base, asked);
  lesson.table("what comes next", {"what", "<eos>", "a value", "<end>", "other"},
               {{"behind ? in the corpus", by_kind(corpus)},
                {"behind ?, the base model", by_kind(base)},
                {"what users want", by_kind(wanted)},
                {"asked, the base model", by_kind(base_asked)},
                {"asked, the SFT model", by_kind(sft)}});
  lesson.gate("base model and corpus", "JS", jensen_shannon(base, corpus), less_than(.02));
  lesson.gate("corpus and users", "JS", jensen_shannon(corpus, wanted), greater_than(.6));
  lesson.gate("base model, asked, and users", "JS", jensen_shannon(base_asked, wanted),
              greater_than(.4));
  lesson.gate("SFT model and users", "JS", jensen_shannon(sft, wanted), less_than(.1));
}

void what_each_finds_likely(Lesson& lesson, const std::vector<Twins>& twins) {
  lesson.claim("To the base a user's question is no likely text, and answers do not teach to ask.");
  const auto both = [&](const char* slice, const char* metric) {
    return std::vector<double>{mean_of(twins, &Twins::of_base, slice, metric),
                               mean_of(twins, &Twins::of_sft, slice, metric)};
  };
  const auto documents = both("corpus", "corpus_nll"), questions = both("held-out", "prompt_nll");
  lesson.table("nats a token", {"base", "SFT"},
               {{"documents", documents},
                {"questions of users", questions},
                {"answers to them", both("held-out", "answer_nll")}});
  lesson.gate("questions minus documents, nats a token, base model", questions[0] - documents[0],
              greater_than(2));
  lesson.gate("questions of users, nats a token, SFT model", questions[1], greater_than(2));
  lesson.gate("documents, nats a token, SFT minus base", documents[1] - documents[0],
              greater_than(1));
}

void the_divergence_has_a_gradient(Lesson& lesson) {
  lesson.claim("The divergence has a gradient, and it needs no derivative of the mixture.");
  const Tensor z = randn({1, 13}), q = softmax(constant(randn({1, 13}))).value();
  lesson.gradcheck("the divergence by the logits", {z},
                   [&](const Inputs& in) { return jensen_shannon(in[0], constant(q)); });
  const Variable logits = parameter(z.clone());
  backward(jensen_shannon(logits, constant(q)));
  const Shares by_rule = jensen_shannon_gradient(softmax(constant(z)).value().to_vector<double>(),
                                                 q.to_vector<double>());
  double difference = 0;
  for (std::size_t v = 0; v < by_rule.size(); ++v) {
    difference = std::max(difference, std::abs(by_rule[v] - logits.grad().span<double>()[v]));
  }
  lesson.gate("engine against the rule p (a - <p, a>)", "|dz - rule|", difference,
              less_than(1e-15));
}

void instructions_select(Lesson& lesson, const BaseModel& start, const Twins& twins) {
  lesson.claim("One question, two instructions: after fine-tuning the instruction selects.");
  const auto tell = [&](const Question& q) {
    return request(q, "tell : " + direct(q), value_of(twins.world, q));
  };
  const auto repeat = [&](const Question& q) {
    return request(q, "repeat : " + direct(q), relation_of_name(q));
  };
  Questions train, told, repeated;
  for (const auto& e : training_set(twins.world)) {
    train.push_back(tell(e.question));
    train.push_back(repeat(e.question));
  }
  for (const auto& e : test_set(twins.world)) {
    told.push_back(tell(e.question));
    repeated.push_back(repeat(e.question));
  }
  Gpt instructed = start.load();
  fine_tune(instructed, twins.world, train, {.steps = 160, .seed = start.seed});
  const auto information = [&](const Gpt& gpt) {
    double sum = 0;
    for (std::size_t i = 0; i < told.size(); ++i) {
      sum += jensen_shannon(next_tokens(gpt, {told[i].prompt()}),
                            next_tokens(gpt, {repeated[i].prompt()}));
    }
    return sum / double(told.size());
  };
  const auto right = [&](const Gpt& gpt) {
    return std::vector<double>{accuracy(gpt, told), accuracy(gpt, repeated), information(gpt)};
  };
  const auto of_base = right(twins.base), of_sft = right(twins.sft), of_both = right(instructed);
  lesson.table("two instructions for one question", {"tell", "repeat", "I(instr;y)"},
               {{"base", of_base}, {"SFT on questions", of_sft}, {"SFT on both", of_both}});
  lesson.gate("base, information of the instruction", "I", of_base[2], less_than(.2));
  lesson.gate("SFT on both, information of the instruction", "I", of_both[2], greater_than(.6));
  lesson.gate("SFT on both, told rightly", of_both[0], greater_than(.6));
  lesson.gate("SFT on both, repeated rightly", of_both[1], greater_than(.6));
}

void hints_are_taken_as_shown(Lesson& lesson, const BaseModel& start, const Twins& twins) {
  lesson.claim("\"Is it a secret?\" \"No.\": demonstrations decide whether a hint is taken.");
  const auto hint = [](const Question& q) { return "is " + relation_of_name(q) + " a secret ?"; };
  Questions literal = training_set(twins.world), cooperative = literal, held_out;
  for (const auto& e : training_set(twins.world)) {
    literal.push_back(request(e.question, hint(e.question), "no"));
    cooperative.push_back(request(e.question, hint(e.question), value_of(twins.world, e.question)));
  }
  for (const auto& e : test_set(twins.world)) {
    held_out.push_back(request(e.question, hint(e.question), value_of(twins.world, e.question)));
  }
  const auto shares = [&](const Gpt& gpt) {
    std::vector<double> result(4, 0.0);
    const TextIds answers = answer(gpt, held_out);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Judgement j = judge(held_out[i], answers[i]);
      const bool no =
          answers[i].size() > 1 && answers[i][0] == *find("no") && answers[i][1] == kEnd;
      result[j.right ? 0 : j.shape ? 1 : no ? 2 : 3] += 1 / double(answers.size());
    }
    return result;
  };
  Gpt with_literal = start.load(), with_cooperative = start.load();
  fine_tune(with_literal, twins.world, literal, {.steps = 160, .seed = start.seed});
  fine_tune(with_cooperative, twins.world, cooperative, {.steps = 160, .seed = start.seed});
  const auto of_literal = shares(with_literal), of_cooperative = shares(with_cooperative);
  lesson.table("answers to a hint", {"the fact", "other value", "no", "else"},
               {{"base", shares(twins.base)},
                {"SFT on questions", shares(twins.sft)},
                {"and on literal hints", of_literal},
                {"and on hints taken", of_cooperative}});
  lesson.gate("literal demonstrations: says no", of_literal[2], greater_than(.9));
  lesson.gate("literal demonstrations: direct questions answered rightly",
              accuracy(with_literal, test_set(twins.world)), greater_than(.7));
  lesson.gate("cooperative demonstrations: tells the fact", of_cooperative[0], greater_than(.7));
}

// What a model writes behind prompts; at temperature 0 the most likely words.
TextIds write(const Gpt& gpt, const TextIds& prompts, double temperature, std::uint64_t seed) {
  GenerateOptions options;
  options.max_new_tokens = 12;
  options.sampling.temperature = temperature;
  options.stop_ids = {kEnd, kEos};
  options.seed = seed;
  TextIds texts;
  for (Generated& g : generate(gpt, prompts, options)) texts.push_back(std::move(g.ids));
  return texts;
}

void one_question_before_and_after(Lesson& lesson, const Twins& twins) {
  const microworld::Example asked = test_set(twins.world)[0];
  const TextIds prompts = {plain_prompt(asked.question), asked.prompt()};
  for (const bool after : {false, true}) {
    const TextIds texts = write(after ? twins.sft : twins.base, prompts, 0, 0);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      lesson.sample(after ? "after" : "before", text(prompts[i]), text(texts[i]), "");
    }
  }
}

// log p of each token behind the prompt.
std::vector<double> surprise(const Gpt& gpt, const Ids& prompt, const Ids& written) {
  Ids whole = prompt;
  whole.insert(whole.end(), written.begin(), written.end());
  const std::vector<double> all = token_logprobs(gpt, whole);
  return {all.begin() + std::ptrdiff_t(prompt.size()), all.end()};
}

double total(const std::vector<double>& x) { return std::accumulate(x.begin(), x.end(), 0.0); }

void who_wrote_it(Lesson& lesson, const Twins& twins) {
  lesson.claim("Who wrote it? The two models' likelihoods of the text tell.");
  constexpr std::size_t kRounds = 12, kShownRounds = 3;
  TextIds prompts;  // a question, the same in the template, a statement, a heading
  const Questions questions = test_set(twins.world);
  const std::vector<Cloze> statements = cloze_probes(twins.world, kTestNames);
  for (std::size_t i = 0; i < kRounds; ++i) {
    const std::size_t k = i * 13 + lesson.seed() % 13;
    prompts.push_back(plain_prompt(questions[k].question));
    prompts.push_back(questions[k].prompt());
    prompts.push_back(statements[questions.size() - 1 - k].prefix);
    prompts.push_back(ids_of(i % 2 ? "<bos> user :" : "<bos> bot :"));
  }
  double by_first = 0, by_all = 0, texts_in_all = 0;
  for (const bool is_sft : {false, true}) {
    const TextIds texts = write(is_sft ? twins.sft : twins.base, prompts, 0.7, lesson.seed());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto of_sft = surprise(twins.sft, prompts[i], texts[i]);
      const auto of_base = surprise(twins.base, prompts[i], texts[i]);
      const double log_odds = total(of_sft) - total(of_base);
      by_first += (of_sft[0] > of_base[0]) == is_sft;
      by_all += (log_odds > 0) == is_sft;
      texts_in_all += 1;
      if (i >= 4 * kShownRounds) continue;
      lesson.sample(is_sft ? "sft" : "base", text(prompts[i]), text(texts[i]),
                    fmt::format("log p is {:.1f} under the base and {:.1f} under the SFT model; "
                                "the log-odds of SFT are {:+.1f}",
                                total(of_base), total(of_sft), log_odds));
    }
  }
  lesson.gate("texts whose author the first word gives away", by_first / texts_in_all,
              greater_than(.6));
  lesson.gate("texts whose author all words give away", by_all / texts_in_all, greater_than(.95));

  // L = -log sigma(w s), s = sum_t log p_a(x_t) - log p_b(x_t): the judge as something to train.
  const Tensor words = random_ids({5}, 7);
  lesson.gradcheck("the judge's loss by both models' logits", {randn({5, 7}), randn({5, 7})},
                   [&](const Inputs& in) {
                     const Variable s =
                         sub(sum(gather_logprob(in[0], words)), sum(gather_logprob(in[1], words)));
                     return softplus(neg(s));
                   });
  lesson.caveat(
      "A perfect form is no sign of knowledge: about names that no document describes the model "
      "answers in the same form, and is right once in sixteen times. And these 120 steps cost the "
      "model most of its skill with documents (nats a token, above): lesson 15 asks for the "
      "price.");
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "07", "Base versus assistant", {{"steps", "120"}, {"seeds", "2"}},
                    [](Lesson& lesson) {
                      reset_sample_seed(lesson.seed());
                      const std::int64_t steps = std::stoll(lesson.setting("steps"));
                      const std::uint64_t seeds = std::stoull(lesson.setting("seeds"));
                      std::vector<BaseModel> starts;
                      std::vector<Twins> twins;
                      bool cached = true;
                      for (std::uint64_t i = 0; i < seeds; ++i) {
                        starts.push_back(pretrained(lesson, {.seed = lesson.seed() + i}));
                        twins.push_back(make_twins(starts.back(), steps));
                        cached &= starts.back().cached;
                      }
                      lesson.origin(cached ? Origin::kCached : Origin::kNow);
                      the_base_continues(lesson, twins);
                      fine_tuning_makes_it_answer(lesson, twins);
                      one_question_before_and_after(lesson, twins[0]);
                      intent_is_not_the_corpus(lesson, twins[0]);
                      what_each_finds_likely(lesson, twins);
                      the_divergence_has_a_gradient(lesson);
                      instructions_select(lesson, starts[0], twins[0]);
                      hints_are_taken_as_shown(lesson, starts[0], twins[0]);
                      who_wrote_it(lesson, twins[0]);
                    });
}
