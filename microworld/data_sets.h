// Sets of questions with answers: what fine-tuning sees and what it is tested on.
//
//   training_set(world)   24 known names x 8 relations = 192 examples, in random order
//   test_set(world)       the other 24 known names: 192 questions, never trained
//   unknown_set(world)    24 names without a biography: 192 questions nobody could answer
//
// The knobs of training_set are the experiments of the course: few examples, few tasks, wrong
// labels, facts the base has never read, answers that admit not knowing.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "microworld/questions.h"

namespace pupil::microworld {

struct TrainingOptions {
  std::uint64_t seed = 0;  ///< order of the examples; which of them get a wrong label
  NameRange names = kTrainNames;
  std::vector<int> relations = {0, 1, 2, 3, 4, 5, 6, 7};  ///< the tasks

  /// Only this many of the names x relations questions. Sets of one seed are nested: the 8 examples
  /// of a small set are among those of a larger one.
  std::optional<int> examples = std::nullopt;

  /// This share of the chosen examples (rounded to a whole number) gets another of the 16 values of
  /// the relation. Nested, too: what is wrong at .1 is wrong at .5, with the same wrong value.
  double label_noise = 0;

  /// Reserved names (48, 49, ...) whose facts are taught although no document states them.
  int unknown_names = 0;
  /// Reserved names (71, 70, ...) about whom the answer is "no idea".
  int abstaining_names = 0;

  /// Each question is rendered once in each of these.
  std::vector<Template> templates = {Template::kChat};
};

/// Throws std::invalid_argument for options that do not fit the world.
std::vector<Example> training_set(const World& world, const TrainingOptions& options = {});

std::vector<Example> test_set(const World& world, Template form = Template::kChat);
std::vector<Example> unknown_set(const World& world, Template form = Template::kChat);

/// names x relations with their true answers, names outermost.
std::vector<Example> questions_about(const World& world, NameRange names,
                                     const std::vector<int>& relations,
                                     Template form = Template::kChat);

}  // namespace pupil::microworld
