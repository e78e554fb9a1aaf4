#include "microworld/data_sets.h"

#include <cmath>
#include <stdexcept>

#include "microworld/grammar.h"
#include "microworld/rng.h"

namespace pupil::microworld {

namespace {

struct Answered {
  Question question;
  Ids answer;
};

void require(bool holds, const std::string& message) {
  if (!holds) throw std::invalid_argument("[microworld] " + message);
}

void check(const TrainingOptions& o) {
  require(0 <= o.names.first && o.names.first < o.names.end && o.names.end <= kNames,
          "training names " + std::to_string(o.names.first) + " to " +
              std::to_string(o.names.end - 1) + " are not a range within 0 to 95");
  require(!o.relations.empty(), "no relation to train on; name at least one of 0 to 7");
  require(!o.templates.empty(), "no template to train on; name at least one");
  const int questions = o.names.size() * static_cast<int>(o.relations.size());
  require(!o.examples || (*o.examples >= 0 && *o.examples <= questions),
          std::to_string(o.examples.value_or(0)) + " examples are asked for, but " +
              std::to_string(o.names.size()) + " names and " + std::to_string(o.relations.size()) +
              " relations give 0 to " + std::to_string(questions));
  require(o.label_noise >= 0 && o.label_noise <= 1,
          "label noise is " + std::to_string(o.label_noise) + "; expected a share from 0 to 1");
  require(o.unknown_names >= 0 && o.abstaining_names >= 0 &&
              o.unknown_names + o.abstaining_names <= kReservedNames.size(),
          std::to_string(o.unknown_names) + " unknown and " + std::to_string(o.abstaining_names) +
              " abstaining names do not fit the 24 reserved names");
}

// One of the 15 other values, a function of the seed and the question alone.
Ids wrong_answer(const World& world, const Question& q, std::uint64_t seed) {
  Rng rng(seed, Purpose::kLabelNoise, static_cast<std::uint64_t>(q.name * kRelations + q.relation));
  const int shift = 1 + rng.below(kValues - 1);
  return {value_id(q.relation, (world.value(q.name, q.relation) + shift) % kValues)};
}

std::vector<Question> questions_of(NameRange names, const std::vector<int>& relations) {
  std::vector<Question> out;
  for (int name = names.first; name < names.end; ++name)
    for (const int relation : relations) out.push_back({name, relation});
  return out;
}

}  // namespace

std::vector<Example> questions_about(const World& world, NameRange names,
                                     const std::vector<int>& relations, Template form) {
  std::vector<Example> out;
  for (const Question& q : questions_of(names, relations))
    out.push_back(make_example(q, true_answer(world, q), form));
  return out;
}

std::vector<Example> training_set(const World& world, const TrainingOptions& options) {
  check(options);
  const std::uint64_t seed = options.seed;

  auto questions = questions_of(options.names, options.relations);
  Rng(seed, Purpose::kExampleOrder).shuffle(questions);
  if (options.examples) questions.resize(*options.examples);
  const auto wrong = std::llround(options.label_noise * static_cast<double>(questions.size()));

  std::vector<Answered> pairs;
  for (const Question& q : questions)
    pairs.push_back({q, static_cast<long long>(pairs.size()) < wrong ? wrong_answer(world, q, seed)
                                                                     : true_answer(world, q)});
  const NameRange taught{kReservedNames.first, kReservedNames.first + options.unknown_names};
  for (const Question& q : questions_of(taught, options.relations))
    pairs.push_back({q, true_answer(world, q)});
  const NameRange abstaining{kReservedNames.end - options.abstaining_names, kReservedNames.end};
  for (const Question& q : questions_of(abstaining, options.relations))
    pairs.push_back({q, ids_of(kAbstention)});

  std::vector<Example> examples;
  for (const Answered& pair : pairs)
    for (const Template form : options.templates)
      examples.push_back(make_example(pair.question, pair.answer, form));
  // Mixed once more, so that wrong, unknown and abstaining examples do not stand in blocks.
  Rng(seed, Purpose::kMixing).shuffle(examples);
  return examples;
}

std::vector<Example> test_set(const World& world, Template form) {
  return questions_about(world, kTestNames, TrainingOptions{}.relations, form);
}

std::vector<Example> unknown_set(const World& world, Template form) {
  return questions_about(world, kUnknownNames, TrainingOptions{}.relations, form);
}

}  // namespace pupil::microworld
