// The facts of a world, and who is known: 96 names x 8 relations, each fact one of 16 values,
// uniform and independent. The 48 known names carry 384 facts of 4 bits: 1536 bits to learn.
// A relation is drawn again (about every other one) while one of its values belongs to no known
// name, since the base would never read that word; this costs a bit a relation.
//
//   names     biographies   in question lists   used for
//    0 .. 23  yes           yes                 fine-tuning: questions with answers
//   24 .. 47  yes           yes                 the test: known, yet never asked in fine-tuning
//   48 .. 71  no            yes                 reserved: unknown names that fine-tuning may teach
//   72 .. 95  no            yes                 unknown names for tests only
#pragma once
#include <array>
#include <cstdint>

#include "microworld/vocabulary.h"

namespace pupil::microworld {

struct NameRange {
  int first, end;  ///< names first .. end - 1
  constexpr int size() const { return end - first; }
  constexpr bool contains(int name) const { return first <= name && name < end; }
};

inline constexpr NameRange kKnownNames{0, 48};
inline constexpr NameRange kTrainNames{0, 24};
inline constexpr NameRange kTestNames{24, 48};
inline constexpr NameRange kReservedNames{48, 72};
inline constexpr NameRange kUnknownNames{72, 96};
inline constexpr NameRange kAllNames{0, kNames};

class World {
 public:
  explicit World(std::uint64_t seed);

  /// 0 .. 15. Facts about names from 48 on exist, too, but no document states them: a model can
  /// only guess them (1 in 16).
  int value(int name, int relation) const;
  Id value_id(int name, int relation) const;  ///< the word for it

 private:
  std::array<std::array<std::uint8_t, kRelations>, kNames> values_;
};

}  // namespace pupil::microworld
