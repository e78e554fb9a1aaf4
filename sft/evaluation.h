// The microworld's questions put to a model: microworld/ makes and judges them, this runs the
// model.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "microworld/data_sets.h"
#include "microworld/score.h"
#include "nn/gpt.h"

namespace pupil {

struct MicroworldEvaluation {
  bool questions = true;         ///< slices held-out, trained, unknown: accuracy, shape, stop, NLLs
  bool base = true;              ///< slice base: another_question, contains_answer
  bool knowledge = true;         ///< slices cloze and corpus
  std::int64_t documents = 100;  ///< of fresh pretraining text for corpus_nll
};

/// Every metric with its 95 % interval. Greedy decoding. Throws InputError when the model's
/// vocabulary or context does not fit the microworld.
std::vector<microworld::Metric> evaluate_microworld(const Gpt& gpt, const microworld::World& world,
                                                    const MicroworldEvaluation& options = {});

/// The value of one metric; throws std::out_of_range when it was not measured.
double metric_value(const std::vector<microworld::Metric>& metrics, const std::string& slice,
                    const std::string& metric);

/// The answers a model gives to these questions, greedily.
std::vector<microworld::Ids> answer(const Gpt& gpt, std::span<const microworld::Example> examples);

}  // namespace pupil
