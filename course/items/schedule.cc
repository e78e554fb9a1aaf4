#include "course/items/schedule.h"

#include <algorithm>
#include <cmath>

namespace pupil::course {

CardState review(CardState state, CardGrade grade, std::int64_t today) {
  constexpr double kLeastEase = 1.3;
  constexpr std::int64_t kLongest = 3650;
  const double missing = 5 - (double(grade) + 1);
  state.ease = std::max(kLeastEase, state.ease + 0.1 - missing * (0.08 + missing * 0.02));
  if (grade == CardGrade::kAgain) {
    state.lapses += state.repetitions > 0;
    state.repetitions = 0;
    state.interval = 0;
  } else {
    ++state.repetitions;
    state.interval = state.repetitions == 1   ? 1
                     : state.repetitions == 2 ? 6
                                              : std::llround(double(state.interval) * state.ease);
    state.interval = std::min(state.interval, kLongest);
  }
  state.due = today + state.interval;
  return state;
}

}  // namespace pupil::course
