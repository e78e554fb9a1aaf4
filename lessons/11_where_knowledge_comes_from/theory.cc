// Lesson 11 measures: fine-tuning gives the shape, pretraining the knowledge (M3); the same
// fine-tuning on bases of four doses of pretraining (M3b); facts that can be recited before they
// can be told; and how sure a model sounds of what it cannot know.
#include <algorithm>
#include <cmath>

#include "lessons/11_where_knowledge_comes_from/measures.h"
#include "lessons/kit/fine_tune.h"
#include "lessons/kit/pretrained.h"
#include "microworld/probes.h"
#include "microworld/score.h"
#include "sft/evaluation.h"
#include "sft/microworld_data.h"

namespace {

using namespace pupil;
using namespace pupil::microworld;
using Questions = std::vector<microworld::Example>;

constexpr std::int64_t kDoses[] = {300, 600, 1000, 2400};  // steps; 2400 is the full one

// The accuracy of the greedy answers, with shape and stop in their order.
std::vector<Metric> asked(const Gpt& gpt, const Questions& questions) {
  return score_answers("", questions, answer(gpt, questions));
}

std::vector<Fact> facts_of(const Questions& questions) {
  std::vector<Fact> facts;
  for (const auto& q : questions) facts.push_back({q.prompt(), q.answer[0]});
  return facts;
}

// What one base model and one fine-tuning give.
struct Outcome {
  Told statements;                     // of the base: statements about the test's people
  std::vector<Metric> known, unknown;  // after fine-tuning: accuracy, shape, stop
  Told told_known, told_unknown;       // the same answers by their first word's distribution
};

Outcome measure(Gpt gpt, std::uint64_t seed, std::int64_t steps) {
  const World world(seed);
  Outcome result;
  std::vector<Fact> statements;
  for (const Cloze& probe : cloze_probes(world, kTestNames)) {
    statements.push_back({probe.prefix, probe.answer});
  }
  result.statements = told(gpt, statements);
  fine_tune(gpt, world, training_set(world), {.steps = steps, .seed = seed});
  const Questions known = test_set(world), unknown = unknown_set(world);
  result.known = asked(gpt, known);
  result.unknown = asked(gpt, unknown);
  result.told_known = told(gpt, facts_of(known));
  result.told_unknown = told(gpt, facts_of(unknown));
  return result;
}

using Outcomes = std::vector<Outcome>;  // a seed each
double mean_of(const Outcomes& all, const std::function<double(const Outcome&)>& what) {
  double sum = 0;
  for (const Outcome& o : all) sum += what(o);
  return sum / double(all.size());
}
double accuracy(const Outcomes& all) {
  return mean_of(all, [](const Outcome& o) { return o.known[0].value; });
}

void shape_without_knowledge(Lesson& lesson, const Outcomes& full, const Outcomes& scratch) {
  lesson.claim("Asked about people it has never read of, the model answers in perfect form.");
  const auto mean = [&](const Outcomes& all, std::vector<Metric> Outcome::*slice, std::size_t k) {
    return mean_of(all, [&](const Outcome& o) { return (o.*slice)[k].value; });
  };
  const double known = mean(full, &Outcome::known, 0), unknown = mean(full, &Outcome::unknown, 0);
  lesson.table("after one fine-tuning", {"accuracy", "shape", "stop"},
               {{"known, never asked about",
                 {known, mean(full, &Outcome::known, 1), mean(full, &Outcome::known, 2)}},
                {"unknown names",
                 {unknown, mean(full, &Outcome::unknown, 1), mean(full, &Outcome::unknown, 2)}},
                {"known, no pretraining",
                 {accuracy(scratch), mean(scratch, &Outcome::known, 1),
                  mean(scratch, &Outcome::known, 2)}}});
  lesson.show("a guess among 16", "1/16", 1.0 / kValues);
  lesson.gate("accuracy on unknown names", unknown, less_than(.15));
  lesson.gate("shape on unknown names", mean(full, &Outcome::unknown, 1), greater_than(.9));
  lesson.gate("gap, known minus unknown", "d", known - unknown,
              greater_than(full.size() > 1 ? .6 : .3));
  const Gap gap = gap_of(full[0].known[0], full[0].unknown[0]);
  lesson.show("the gap of the first seed, lower end", gap.low);
  lesson.show("the gap of the first seed, upper end", gap.high);
  lesson.gate("accuracy without pretraining", accuracy(scratch), less_than(.15));
  lesson.gate("shape without pretraining", mean(scratch, &Outcome::known, 1), greater_than(.9));
  lesson.gate("how sure it is of known names", "max p",
              mean_of(full, [](const Outcome& o) { return o.told_known.sure; }), greater_than(.5));
  lesson.show("how sure it is of unknown names", "max p",
              mean_of(full, [](const Outcome& o) { return o.told_unknown.sure; }));
}

void the_dose(Lesson& lesson, const std::vector<Outcomes>& doses) {
  lesson.claim("The same fine-tuning finds as much knowledge as pretraining has laid down.");
  std::vector<std::pair<std::string, std::vector<double>>> rows;
  std::vector<double> cloze, known, shape, cloze_bits, asked_bits;
  for (std::size_t d = 0; d < doses.size(); ++d) {
    cloze.push_back(mean_of(doses[d], [](const Outcome& o) { return o.statements.right; }));
    known.push_back(accuracy(doses[d]));
    shape.push_back(mean_of(doses[d], [](const Outcome& o) { return o.known[1].value; }));
    cloze_bits.push_back(mean_of(doses[d], [](const Outcome& o) { return o.statements.bits; }));
    asked_bits.push_back(mean_of(doses[d], [](const Outcome& o) { return o.told_known.bits; }));
    rows.push_back(
        {std::to_string(kDoses[d]) + " steps",
         {cloze.back(), known.back(), shape.back(), cloze_bits.back(), asked_bits.back()}});
  }
  lesson.table("pretraining, then one fine-tuning",
               {"cloze", "accuracy", "shape", "bits, cloze", "bits, asked"}, rows);
  lesson.plot("what 300, 600, 1000 and 2400 steps of pretraining give", "dose", "share",
              {{"statements finished (base)", cloze},
               {"questions answered (after SFT)", known},
               {"answers of the right kind (after SFT)", shape}});
  double least_rise = 1;
  for (std::size_t d = 1; d < known.size(); ++d) {
    least_rise = std::min(least_rise, known[d] - known[d - 1]);
  }
  lesson.gate("smallest rise of accuracy from dose to dose", least_rise, greater_than(0));
  lesson.gate("accuracy, 2400 steps - 600 steps", known[3] - known[1],
              greater_than(doses[0].size() > 1 ? .5 : .25));
  lesson.claim("Facts can be recited long before they can be told.");
  lesson.gate("cloze at 1000 steps", cloze[2], greater_than(.95));
  lesson.gate("accuracy still to come after 1000 steps", known[3] - known[2], greater_than(.02));
  lesson.gate("bits a fact, cloze minus asked, at 600 steps", "b", cloze_bits[1] - asked_bits[1],
              greater_than(1));
  lesson.caveat(
      "A perfect cloze proves that a fact is there in one form. And a firm, well-formed answer "
      "proves nothing: about people it never read of the model is nearly as sure as about others.");
}

// Rows of a small vocabulary: three slices for the losses, five rivals for the bits.
void gradients(Lesson& lesson) {
  lesson.claim("Both measures have gradients: slices do not touch each other, nor do outsiders.");
  constexpr std::int64_t kRows = 7, kWords = 11;
  const std::vector<std::int32_t> slice = {0, 1, 1, 0, 1, 2, 0};
  const Tensor logits = randn({kRows, kWords}), targets = random_ids({kRows}, kWords);
  const std::vector<double> upstream = {1.3, -0.7, 0.4};
  // anchor: slices
  const auto weighted = [&](const Variable& z) {
    Tensor weights = Tensor::zeros({kRows}, DType::kFloat64);
    for (std::size_t t = 0; t < slice.size(); ++t) {
      const auto n = std::count(slice.begin(), slice.end(), slice[t]);
      weights.span<double>()[t] = upstream[std::size_t(slice[t])] / double(n);
    }
    return weighted_cross_entropy(z, targets, weights);
  };
  lesson.gradcheck("a weighted sum of slice losses", {logits},
                   [&](const Inputs& in) { return weighted(in[0]); });
  std::vector<std::int32_t> rivals(std::size_t(kRows * kWords), 0), right;
  for (std::int64_t t = 0; t < kRows; ++t) {
    for (std::int64_t v = 3; v < 8; ++v) rivals[std::size_t(t * kWords + v)] = 1;
    right.push_back(std::int32_t(3 + t % 5));
  }
  const Tensor among = Tensor::from<std::int32_t>({kRows, kWords}, rivals);
  const Tensor answers = Tensor::from<std::int32_t>({kRows}, right);
  lesson.gradcheck("bits of a fact", {logits},
                   [&](const Inputs& in) { return bits_of_rows(in[0], among, answers); });
  const Variable z = parameter(logits.clone());
  backward(sum(bits_of_rows(z, among, answers)));
  std::vector<double> outside;
  double inside = 0;
  for (std::size_t i = 0; i < rivals.size(); ++i) {
    const double g = z.grad().span<double>()[i];
    rivals[i] ? void(inside += std::abs(g)) : outside.push_back(g);
  }
  lesson.expect_zero("gradient of bits on words that are no rivals", outside);
  lesson.gate("gradient on the rivals", "sum |db/dz|", inside, greater_than(0.1));
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "11", "Where knowledge comes from",
                    {{"steps", "160"}, {"seeds", "2"}}, [](Lesson& lesson) {
                      reset_sample_seed(lesson.seed());
                      const std::int64_t steps = std::stoll(lesson.setting("steps"));
                      std::vector<std::uint64_t> seeds;
                      for (int i = 0; i < std::stoi(lesson.setting("seeds")); ++i) {
                        seeds.push_back(lesson.seed() + std::uint64_t(i));
                      }
                      gradients(lesson);
                      Outcomes scratch;
                      for (const std::uint64_t seed : seeds) {
                        scratch.push_back(measure(Gpt(microworld_model(), seed), seed, steps));
                      }
                      std::vector<Outcomes> doses;
                      bool cached = true;
                      for (const std::int64_t dose : kDoses) {
                        doses.emplace_back();
                        for (const std::uint64_t seed : seeds) {
                          const BaseModel base = pretrained(lesson, {.seed = seed, .steps = dose});
                          doses.back().push_back(measure(base.load(), seed, steps));
                          cached &= base.cached;
                        }
                      }
                      lesson.origin(cached ? Origin::kCached : Origin::kNow);
                      shape_without_knowledge(lesson, doses.back(), scratch);
                      the_dose(lesson, doses);
                    });
}
