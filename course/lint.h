// What can be said about a course without running it: files, hints, mutants, header budget, lines
// that stand in the engine already, paragraphs that are written twice.
#pragma once
#include <string>
#include <vector>

#include "course/course_tree.h"

namespace pupil::course {

struct LintReport {
  std::vector<std::string> faults;    ///< must be repaired
  std::vector<std::string> warnings;  ///< a person decides
};

LintReport lint(const Course& course);

/// The share of the solution's lines (12 signs or more, blanks apart) that stand in the engine's
/// sources: what a student could copy.
double share_in_engine(const Course& course, const Exercise& exercise);

/// The share of 8-word sequences of `text` that stand in `other`, too.
double shared_shingles(const std::string& text, const std::string& other);

}  // namespace pupil::course
