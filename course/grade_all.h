// Grading a class: every submission against every exercise, in parallel, resumable.
//
//   SUBMISSIONS/STUDENT/ID_name/exercise.cc      one folder a student, as their work folder
//   OUT/results/STUDENT/ID.json                  results.json
//   OUT/feedback/STUDENT.txt                     what the student may read: hidden checks in a
//   sentence OUT/grades.db, OUT/summary.csv               gradebook; students by exercises, with
//   totals OUT/seed                                     the secret seed of this grading, drawn once
//
// Headers, checks and references are the instructor's; of a submission only exercise.cc is read. A
// result that is there for the same file, checks and seed is kept: grading twice is identical, and
// an interrupted run goes on where it stopped.
#pragma once
#include <functional>
#include <string>

#include "course/course_tree.h"

namespace pupil::course {

struct GradeAllOptions {
  std::string submissions, out;
  int jobs = 2;
  int level = 3;        ///< of the sandbox to ask for
  bool unsafe = false;  ///< grade although the machine offers less than Landlock and seccomp
  std::function<void(std::size_t done, std::size_t all)> progress;
  std::function<bool()> interrupted;
};

struct GradeAllReport {
  std::size_t students = 0, exercises = 0, graded = 0, kept = 0;
  std::size_t crashed = 0, timed_out = 0, not_built = 0;
  std::string level;
};

/// Throws InputError: no submissions, a sandbox that is too weak, or a reference that does not pass
/// on the secret seed.
GradeAllReport grade_all(const Course& course, const GradeAllOptions& options);

}  // namespace pupil::course
