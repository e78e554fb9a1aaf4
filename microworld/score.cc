#include "microworld/score.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "microworld/grammar.h"

namespace pupil::microworld {

namespace {

void check_pairs(const char* function, size_t items, size_t results) {
  if (items != results)
    throw std::invalid_argument(std::string("[") + function + "] " + std::to_string(results) +
                                " results for " + std::to_string(items) +
                                " items; expected one for each, in the same order");
}

bool starts_with(std::span<const Id> text, std::span<const Id> beginning) {
  return text.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), text.begin());
}

bool contains(std::span<const Id> text, Id id) { return std::ranges::find(text, id) != text.end(); }

bool starts_with_a_question(std::span<const Id> text) {
  static const Id what = *find("what"), question_mark = *find("?"), full_stop = *find(".");
  const auto mark = std::ranges::find(text, question_mark);
  return !text.empty() && text.front() == what && mark != text.end() &&
         std::find(text.begin(), mark, full_stop) == mark;
}

// The mean of a probability over examples, with the normal interval cut to [0, 1].
Metric mean_probability(std::string slice, std::string metric, const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  if (values.empty()) return {std::move(slice), std::move(metric), 0, 0, 1, 0};
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  for (const double value : values) squares += (value - sum / n) * (value - sum / n);
  const double half = n > 1 ? kZ95 * std::sqrt(squares / (n - 1) / n) : 0.0;
  return {std::move(slice),
          std::move(metric),
          sum / n,
          std::max(0.0, sum / n - half),
          std::min(1.0, sum / n + half),
          static_cast<std::int64_t>(values.size())};
}

}  // namespace

Judgement judge(const Example& example, std::span<const Id> generated) {
  static const Ids abstention = ids_of(kAbstention);
  return {.right = starts_with(generated, example.answer),
          .shape = !generated.empty() &&
                   relation_of_value(generated.front()) == example.question.relation,
          .stop = contains(generated, kEnd),
          .abstains = starts_with(generated, abstention)};
}

std::vector<Metric> score_answers(const std::string& slice, std::span<const Example> examples,
                                  std::span<const Ids> generated) {
  check_pairs("score_answers", examples.size(), generated.size());
  std::int64_t right = 0, shape = 0, stop = 0;
  for (size_t i = 0; i < examples.size(); ++i) {
    const Judgement verdict = judge(examples[i], generated[i]);
    right += verdict.right;
    shape += verdict.shape;
    stop += verdict.stop;
  }
  const auto n = static_cast<std::int64_t>(examples.size());
  return {share(slice, "accuracy", right, n), share(slice, "shape", shape, n),
          share(slice, "stop", stop, n)};
}

Metric score_abstention(const std::string& slice, std::span<const Example> examples,
                        std::span<const Ids> generated) {
  check_pairs("score_abstention", examples.size(), generated.size());
  std::int64_t abstains = 0;
  for (size_t i = 0; i < examples.size(); ++i)
    abstains += judge(examples[i], generated[i]).abstains;
  return share(slice, "abstains", abstains, static_cast<std::int64_t>(examples.size()));
}

std::vector<Metric> score_continuations(const std::string& slice, const World& world,
                                        std::span<const Question> questions,
                                        std::span<const Ids> continuations) {
  check_pairs("score_continuations", questions.size(), continuations.size());
  std::int64_t another = 0, answered = 0;
  for (size_t i = 0; i < questions.size(); ++i) {
    another += starts_with_a_question(continuations[i]);
    answered +=
        contains(continuations[i], world.value_id(questions[i].name, questions[i].relation));
  }
  const auto n = static_cast<std::int64_t>(questions.size());
  return {share(slice, "another_question", another, n),
          share(slice, "contains_answer", answered, n)};
}

Metric score_cloze(const std::string& slice, std::span<const Cloze> probes,
                   std::span<const Id> best) {
  check_pairs("score_cloze", probes.size(), best.size());
  std::int64_t right = 0;
  for (size_t i = 0; i < probes.size(); ++i) right += best[i] == probes[i].answer;
  return share(slice, "cloze", right, static_cast<std::int64_t>(probes.size()));
}

std::vector<Metric> score_logprobs(const std::string& slice, std::span<const Example> examples,
                                   std::span<const std::vector<double>> logprobs) {
  check_pairs("score_logprobs", examples.size(), logprobs.size());
  std::vector<LogProbs> prompts(examples.size()), answers(examples.size());
  std::vector<double> p_end;
  for (size_t i = 0; i < examples.size(); ++i) {
    const Example& example = examples[i];
    check_pairs("score_logprobs", example.ids.size(), logprobs[i].size());
    for (size_t t = 1; t < example.ids.size(); ++t) {
      LogProbs& side = example.mask[t] ? answers[i] : prompts[i];
      side.sum += logprobs[i][t];
      ++side.count;
    }
    p_end.push_back(std::exp(logprobs[i].back()));
  }
  return {mean_nll(slice, "prompt_nll", prompts), mean_nll(slice, "answer_nll", answers),
          mean_probability(slice, "p_end", p_end)};
}

Metric score_documents(const std::string& slice, std::span<const std::vector<double>> logprobs) {
  std::vector<LogProbs> records;
  for (const auto& document : logprobs) {
    LogProbs record;
    for (size_t t = 1; t < document.size(); ++t) {
      record.sum += document[t];
      ++record.count;
    }
    records.push_back(record);
  }
  return mean_nll(slice, "corpus_nll", records);
}

}  // namespace pupil::microworld
