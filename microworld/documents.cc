#include "microworld/documents.h"

#include <numeric>

#include "microworld/grammar.h"
#include "microworld/rng.h"

namespace pupil::microworld {

namespace {

template <class Patterns>
std::string_view any_of(const Patterns& patterns, Rng& rng) {
  return patterns[rng.below(static_cast<int>(patterns.size()))];
}

void append_biography(Ids& out, const World& world, Rng& rng) {
  const int name = rng.below(kKnownNames.size());
  std::vector<int> relations(kRelations);
  std::iota(relations.begin(), relations.end(), 0);
  rng.shuffle(relations);
  relations.resize(kStatementsPerBiography);
  for (const int relation : relations)
    append(out, any_of(kStatements, rng), name_id(name), relation_id(relation),
           world.value_id(name, relation));
}

void append_list(Ids& out, Rng& rng) {
  int questions = kFewestQuestions + rng.below(kMostQuestions - kFewestQuestions + 1);
  while (questions-- > 0) {
    const Id name = name_id(rng.below(kNames));
    const Id relation = relation_id(rng.below(kRelations));
    append(out, any_of(kQuestions, rng), name, relation);
  }
}

}  // namespace

Ids document(const World& world, std::uint64_t seed, std::uint64_t index,
             const DocumentOptions& options) {
  Rng rng(seed, Purpose::kDocument, index);
  Ids out = {kBos};
  const bool list = rng.chance(options.lists);
  if (rng.chance(options.headings))
    append(out, any_of(list ? kListHeadings : kBiographyHeadings, rng));
  if (list) {
    append_list(out, rng);
  } else {
    append_biography(out, world, rng);
    if (rng.chance(options.asides)) append(out, any_of(kAsides, rng));
  }
  out.push_back(kEos);
  return out;
}

}  // namespace pupil::microworld
