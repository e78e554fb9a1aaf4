#include "sft/microworld_data.h"

#include "sft/render.h"

namespace pupil {

Batch document_batch(const microworld::World& world, std::uint64_t seed, std::int64_t number,
                     std::int64_t rows) {
  std::vector<Example> examples;
  for (std::int64_t row = 0; row < rows; ++row) {
    Example e;
    e.ids = microworld::document(world, seed, std::uint64_t(number * rows + row));
    e.targets = targets_from(e.ids);
    examples.push_back(std::move(e));
  }
  return make_batch(examples);
}

Example to_example(const microworld::Example& example) {
  std::vector<std::int32_t> labels = example.ids;
  for (std::size_t t = 0; t < labels.size(); ++t) {
    if (!example.mask[t]) labels[t] = kIgnoreIndex;
  }
  return {example.ids, targets_from(labels), {}, {}};
}

std::vector<Example> to_examples(const std::vector<microworld::Example>& examples) {
  std::vector<Example> list;
  for (const auto& e : examples) list.push_back(to_example(e));
  return list;
}

GptConfig microworld_model() {
  return {.vocab_size = microworld::kVocabularySize,
          .context = 64,
          .n_layer = 2,
          .n_head = 4,
          .n_embd = 96};
}

}  // namespace pupil
