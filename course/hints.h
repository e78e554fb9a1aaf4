// What helps after a verdict: hints by level, the last result in full, the solution once passed.
// Each gives text for the terminal.
#pragma once
#include <string>

#include "course/session.h"

namespace pupil::course {

/// The next hint, and counts it. hints.md has `## NAME` for the mutant or hypothesis NAME, shown
/// when that was the last diagnosis, and `## 1`, `## 2`, ... from where to look to the outline.
std::string next_hint(const Session& session, const Exercise& exercise);
/// The last result: worst elements, reasons, heat maps.
std::string explanation(const Session& session, const Exercise& exercise);
/// Reference and why.md. Throws UsageError before the exercise has passed, and in a release.
std::string solution_text(const Session& session, const Exercise& exercise);
/// Unified difference from the student's file to the reference; the same conditions.
std::string solution_diff(const Session& session, const Exercise& exercise);
std::string exercise_list(const Session& session);

}  // namespace pupil::course
