// Judges what a model wrote and the log-probabilities it gave; it never runs one. Item i of the
// second span belongs to item i of the first; spans of unequal length are std::invalid_argument.
//
// An answer has three sides, always reported together: who only counts right answers cannot tell
// a model that knows nothing from one that has not learned to answer.
//
//   accuracy   it starts with the example's answer
//   shape      it starts with some value of the relation that was asked for (chance of being right
//              then: 1 in 16)
//   stop       it ends by itself: <end> is among the new tokens
#pragma once
#include <span>
#include <vector>

#include "microworld/interval.h"
#include "microworld/probes.h"
#include "microworld/questions.h"

namespace pupil::microworld {

struct Judgement {
  bool right = false, shape = false, stop = false;
  bool abstains = false;  ///< starts with "no idea"
};

/// `generated`: the new tokens after example.prompt(), with the <end> if there was one.
Judgement judge(const Example& example, std::span<const Id> generated);

/// accuracy, shape, stop.
std::vector<Metric> score_answers(const std::string& slice, std::span<const Example> examples,
                                  std::span<const Ids> generated);
/// abstains.
Metric score_abstention(const std::string& slice, std::span<const Example> examples,
                        std::span<const Ids> generated);

/// What a model writes after plain_prompt(question):
///   another_question   the next sentence is a question: "what" first, "?" before any "."
///   contains_answer    the true value stands anywhere in it
std::vector<Metric> score_continuations(const std::string& slice, const World& world,
                                        std::span<const Question> questions,
                                        std::span<const Ids> continuations);

/// cloze: `best` is the most probable next id after each prefix.
Metric score_cloze(const std::string& slice, std::span<const Cloze> probes,
                   std::span<const Id> best);

/// prompt_nll, answer_nll (supervised tokens, in nats) and p_end, the mean probability of <end>
/// after the answer: greedy decoding can stop every time at p_end = .4.
/// logprobs[t] = log p(ids[t] | ids[< t]); what stands at position 0 is not read.
std::vector<Metric> score_logprobs(const std::string& slice, std::span<const Example> examples,
                                   std::span<const std::vector<double>> logprobs);

/// corpus_nll of documents: every position but 0.
Metric score_documents(const std::string& slice, std::span<const std::vector<double>> logprobs);

}  // namespace pupil::microworld
