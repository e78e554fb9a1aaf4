// 09b: targets from parts. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <cstdint>

#include "lessons/kit/not_done.h"

namespace exercise {

std::int32_t supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                const std::int32_t* parts, std::int64_t length) {
  std::int32_t count = 0;
  for (std::int64_t t = 0; t < length; ++t) {
    // BEGIN SOLUTION target
    //| // Position t speaks about token t + 1.
    //| not_done("the target of a position");
    const bool counts = t + 1 < length && parts[t + 1] != kOther;
    targets[t] = counts ? ids[t + 1] : kIgnore;
    count += counts;
    // END SOLUTION
  }
  return count;
}

// BEGIN MUTANT not-shifted of=target fails=one-turn
//! Your targets are not shifted: position t has token t as its target, which it has already read.
//~ const bool counts = parts[t] != kOther;
//~ targets[t] = counts ? ids[t] : kIgnore;
//~ count += counts;
// END MUTANT

// BEGIN MUTANT part-of-the-position of=target fails=one-turn
//! The part is read at position t; what matters is the part of the token that is predicted, t + 1.
//~ const bool counts = t + 1 < length && parts[t] != kOther;
//~ targets[t] = counts ? ids[t + 1] : kIgnore;
//~ count += counts;
// END MUTANT

// BEGIN MUTANT end-forgotten of=target fails=one-turn
//! The end of the answer is not supervised: such a model answers and never stops.
//~ const bool counts = t + 1 < length && parts[t + 1] == kContent;
//~ targets[t] = counts ? ids[t + 1] : kIgnore;
//~ count += counts;
// END MUTANT

// BEGIN MUTANT everything of=target fails=one-turn
//! Every token is a target: this is pretraining on the conversation, questions included.
//~ const bool counts = t + 1 < length;
//~ targets[t] = counts ? ids[t + 1] : kIgnore;
//~ count += counts;
// END MUTANT

// BEGIN MUTANT last-turn-only of=target fails=two-turns
//! Only the last answer is supervised; every assistant turn counts here.
//~ std::int64_t begin = length;
//~ while (begin > 0 && (parts[begin - 1] != kOther || begin == length)) --begin;
//~ const bool counts = t + 1 < length && t + 1 >= begin && parts[t + 1] != kOther;
//~ targets[t] = counts ? ids[t + 1] : kIgnore;
//~ count += counts;
// END MUTANT

// BEGIN MUTANT count-of-parts of=target fails=count
//! The targets are right; the count is not: count what is predicted, where it is predicted.
//~ const bool counts = t + 1 < length && parts[t + 1] != kOther;
//~ targets[t] = counts ? ids[t + 1] : kIgnore;
//~ count += parts[t] == kContent;
// END MUTANT

}  // namespace exercise
