// The proof of an exercise: its reference passes, its starter is not done, and every named mistake
// is caught by the check named for it, with its own diagnosis on top.
#pragma once
#include <string>
#include <vector>

#include "course/course_tree.h"

namespace pupil::course {

struct MutantVerdict {
  std::string name, fails, caught_by, top;  ///< top: the first diagnosis of that check
  double margin = 0;                        ///< worst error over the tolerance
  bool ok = false;
};

struct Validation {
  std::string exercise;
  std::vector<std::string> faults, warnings;
  std::vector<MutantVerdict> mutants;
  std::int64_t checks = 0;
  int gradients = 0;  ///< checks whose reference was proven by central differences
  double seconds = 0;

  bool ok() const { return faults.empty(); }
};

struct ValidateOptions {
  int level = 3;  ///< of the sandbox
  int seeds = 20;
  std::string folder;  ///< for builds; made when missing
};

Validation validate(const Course& course, const Exercise& exercise, const ValidateOptions& options);
std::string validation_text(const Validation& validation, int width);

}  // namespace pupil::course
