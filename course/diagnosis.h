// From a failed comparison to a sentence: the exercise's mutants first, since they name the mistake
// itself, then what the numbers alone show.
#pragma once
#include <vector>

#include "course/check_library.h"
#include "course/hypotheses.h"

namespace pupil::course {

/// A comparison that failed: the call as it was made, and both results.
struct Failure {
  kit::Call call;  ///< inputs, and what stood in arrays that are added to
  kit::Call got, want;
};

/// At most two, the surest first; empty when nothing explains every element.
std::vector<Diagnosis> diagnose(const Failure& failure, const CheckLibrary& library,
                                const NamedNumbers& constants);

}  // namespace pupil::course
