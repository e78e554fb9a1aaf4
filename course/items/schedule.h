// When a card is shown again: SM-2 (Wozniak 1990, "Optimization of learning", chapter 3).
//
//   EF <- max(1.3, EF + 0.1 - (5 - q)(0.08 + (5 - q) 0.02))        q: quality of the answer, 2 .. 5
//   interval: 1 day, 6 days, then the last one times EF            after a failure: again from 1
//   day
//
// Grades of the terminal: again q = 2 (a failure), hard 3, good 4, easy 5.
#pragma once
#include <cstdint>

namespace pupil::course {

enum class CardGrade { kAgain = 1, kHard, kGood, kEasy };

/// Days are counted from 1970-01-01.
struct CardState {
  double ease = 2.5;
  std::int64_t interval = 0;     ///< days from the last review to `due`
  std::int64_t repetitions = 0;  ///< good answers in a row
  std::int64_t lapses = 0;       ///< failures after the first good answer
  std::int64_t due = 0;          ///< the day it is asked again
};

/// The state after a review on day `today`. After a failure it is due on the same day.
CardState review(CardState state, CardGrade grade, std::int64_t today);

}  // namespace pupil::course
