#include "microworld/world.h"

#include "microworld/rng.h"

namespace pupil::microworld {

World::World(std::uint64_t seed) {
  Rng rng(seed, Purpose::kFacts);
  for (auto& facts : values_)
    for (auto& value : facts) value = static_cast<std::uint8_t>(rng.below(kValues));
}

int World::value(int name, int relation) const {
  return values_[name_id(name) - kFirstName][relation_id(relation) - kFirstRelation];
}

Id World::value_id(int name, int relation) const {
  return microworld::value_id(relation, value(name, relation));
}

}  // namespace pupil::microworld
