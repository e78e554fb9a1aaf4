// An answer to an item: how the item is shown, whether the line typed is an answer, and what it is
// worth with all reasons.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "course/items/item.h"

namespace pupil::course {

/// An item in the order in which this student sees it.
struct Shown {
  const Item* item;
  std::vector<std::size_t> order;  ///< of the options, or of the right sides of pairs
};
Shown shown(const Item& item, std::uint64_t seed);

/// Question, options under their letters, and how to answer. Lines; not wrapped.
std::vector<std::string> question_lines(const Shown& shown);
/// Why `typed` is no answer here, and what is expected; empty: it is one.
std::string complaint(const Shown& shown, const std::string& typed);

struct Graded {
  bool right = false;
  double share = 0;  ///< of a point
  double confidence =
      -1;             ///< classify: what the student said, 0.5 .. 1; negative: not said, or unsure
  std::string key{};  ///< what was believed: a misconception, or a label taken for another
  std::string sentence{};  ///< about it
};
/// `typed` is an answer (see complaint()).
Graded grade(const Shown& shown, const std::string& typed);
/// The item with every option marked, chosen and right, and its reason. `report` may be null: with
/// it, the number that refutes a wrong option stands beside it.
std::vector<std::string> rationale_lines(const Shown& shown, const std::string& typed,
                                         const LessonReport* report);

}  // namespace pupil::course
