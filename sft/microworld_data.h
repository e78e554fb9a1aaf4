// The microworld's documents and questions as training examples.
#pragma once
#include <cstdint>
#include <vector>

#include "microworld/documents.h"
#include "microworld/questions.h"
#include "sft/batch.h"

namespace pupil {

/// Step `number` of pretraining: `rows` documents, every next token supervised.
Batch document_batch(const microworld::World& world, std::uint64_t seed, std::int64_t number,
                     std::int64_t rows);
/// A question with its answer: answer and end supervised.
Example to_example(const microworld::Example& example);
std::vector<Example> to_examples(const std::vector<microworld::Example>& examples);

/// The model of the course: 2 layers, 4 heads, 96 dims, context 64; 254,976 parameters.
GptConfig microworld_model();

}  // namespace pupil
