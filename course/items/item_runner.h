// The one runner of quiz, match and classify: asks, remembers every answer, shows all reasons at
// the end, writes results.json, and makes cards of what was missed.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "course/items/answer.h"
#include "course/items/console.h"
#include "course/results.h"
#include "course/work_folder.h"

namespace pupil::course {

struct ItemRun {
  std::uint64_t seed = 0;                ///< of the shuffles, with the number of the attempt
  bool again = false;                    ///< begins anew, even in the middle
  const LessonReport* report = nullptr;  ///< its numbers stand beside what they refute
};

/// Asks what is not answered yet. Results have a check for each item, with the misconception as its
/// diagnosis; an item without an answer is `not_done`.
Results run_items(const Course& course, const WorkFolder& folder, const ItemSet& set,
                  const ItemRun& run, Console& console);

/// The seed of the attempt that run_items() would make of a set with this file: classify draws its
/// texts with it before they are asked.
std::uint64_t attempt_seed(const WorkFolder& folder, const ItemSet& set, const ItemRun& run);

}  // namespace pupil::course
