#include "sft/evaluation.h"

#include <fmt/format.h>

#include <stdexcept>

#include "microworld/documents.h"
#include "nn/generate.h"
#include "sft/scoring.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using namespace microworld;

// Documents beyond every training run's: indices count up from here.
constexpr std::uint64_t kFreshDocuments = std::uint64_t{1} << 40;

std::vector<Ids> continue_all(const Gpt& gpt, const std::vector<Ids>& prompts, std::int64_t limit,
                              const std::vector<std::int32_t>& stop) {
  GenerateOptions options;
  options.max_new_tokens = limit;
  options.stop_ids = stop;
  std::vector<Ids> results;
  for (Generated& g : generate(gpt, prompts, options)) results.push_back(std::move(g.ids));
  return results;
}

void append(std::vector<Metric>& list, std::vector<Metric> more) {
  list.insert(list.end(), more.begin(), more.end());
}

}  // namespace

std::vector<Ids> answer(const Gpt& gpt, std::span<const microworld::Example> examples) {
  std::vector<Ids> prompts;
  for (const auto& e : examples) prompts.push_back(e.prompt());
  return continue_all(gpt, prompts, kAnswerLimit, {kEnd});
}

std::vector<Metric> evaluate_microworld(const Gpt& gpt, const World& world,
                                        const MicroworldEvaluation& options) {
  if (gpt.config().vocab_size < kVocabularySize || gpt.config().context < 64) {
    throw InputError(
        fmt::format("the microworld needs a vocabulary of {} and a context of 64; this "
                    "model has {} and {}",
                    kVocabularySize, gpt.config().vocab_size, gpt.config().context));
  }
  std::vector<Metric> metrics;
  const auto held_out = test_set(world);
  if (options.questions) {
    const auto ask = [&](const std::string& slice,
                         const std::vector<microworld::Example>& examples) {
      append(metrics, score_answers(slice, examples, answer(gpt, examples)));
      std::vector<Ids> sequences;
      for (const auto& e : examples) sequences.push_back(e.ids);
      append(metrics, score_logprobs(slice, examples, token_logprobs(gpt, sequences)));
    };
    ask("held-out", held_out);
    ask("trained", training_set(world));
    ask("unknown", unknown_set(world));
  }
  if (options.base) {
    std::vector<Question> questions;
    std::vector<Ids> prompts;
    for (const auto& e : held_out) {
      questions.push_back(e.question);
      prompts.push_back(plain_prompt(e.question));
    }
    append(metrics, score_continuations("base", world, questions,
                                        continue_all(gpt, prompts, kContinuationLimit, {kEos})));
  }
  if (options.knowledge) {
    const auto probes = cloze_probes(world);
    std::vector<Ids> prefixes, best;
    for (const Cloze& probe : probes) prefixes.push_back(probe.prefix);
    std::vector<Id> first;
    for (const Ids& ids : continue_all(gpt, prefixes, 1, {})) first.push_back(ids.at(0));
    metrics.push_back(score_cloze("cloze", probes, first));
    std::vector<Ids> documents;
    for (std::int64_t i = 0; i < options.documents; ++i) {
      documents.push_back(document(world, /*seed=*/0, kFreshDocuments + std::uint64_t(i)));
    }
    metrics.push_back(score_documents("corpus", token_logprobs(gpt, documents)));
  }
  return metrics;
}

double metric_value(const std::vector<Metric>& metrics, const std::string& slice,
                    const std::string& metric) {
  for (const Metric& m : metrics) {
    if (m.slice == slice && m.metric == metric) return m.value;
  }
  throw std::out_of_range("no metric " + slice + " " + metric);
}

}  // namespace pupil
