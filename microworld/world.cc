#include "microworld/world.h"

#include <bitset>

#include "microworld/rng.h"

namespace pupil::microworld {

World::World(std::uint64_t seed) {
  Rng rng(seed, Purpose::kFacts);
  for (int relation = 0; relation < kRelations; ++relation) {
    std::bitset<kValues> stated;
    while (!stated.all()) {
      stated.reset();
      for (int name = 0; name < kNames; ++name) {
        const int value = rng.below(kValues);
        values_[name][relation] = static_cast<std::uint8_t>(value);
        if (kKnownNames.contains(name)) stated.set(value);
      }
    }
  }
}

int World::value(int name, int relation) const {
  return values_[name_id(name) - kFirstName][relation_id(relation) - kFirstRelation];
}

Id World::value_id(int name, int relation) const {
  return microworld::value_id(relation, value(name, relation));
}

}  // namespace pupil::microworld
