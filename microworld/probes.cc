#include "microworld/probes.h"

#include "microworld/grammar.h"

namespace pupil::microworld {

Ids plain_prompt(const Question& question) {
  Ids out = {kBos};
  append(out, kQuestion, name_id(question.name), relation_id(question.relation));
  return out;
}

std::vector<Cloze> cloze_probes(const World& world, NameRange names) {
  std::vector<Cloze> probes;
  for (int name = names.first; name < names.end; ++name)
    for (int relation = 0; relation < kRelations; ++relation) {
      const auto statement = kStatements[(name + relation) % kStatements.size()];
      Cloze probe{{name, relation}, {kBos}, world.value_id(name, relation)};
      append(probe.prefix, statement.substr(0, statement.find(" VALUE")), name_id(name),
             relation_id(relation));
      probes.push_back(std::move(probe));
    }
  return probes;
}

}  // namespace pupil::microworld
