// The grader: walks the check graph of one exercise with one student's object. It owns inputs,
// references and verdicts; what the student's process says is numbers to compare, nothing else.
// It fails closed: whatever is missing, broken or not understood is an error, never a pass.
#pragma once
#include <functional>
#include <string>

#include "course/compile.h"
#include "course/results.h"
#include "course/worker_process.h"

namespace pupil::course {

struct GradeOptions {
  std::uint64_t seed = 0;
  bool hidden = false;  ///< run hidden checks, too
  int level = 3;        ///< bits of protocol::Level
  std::string student{};
  std::string results{};  ///< path of results.json; empty: not written
  std::function<bool()> cancelled{};
};

/// From the student's file: builds it in `build_folder`, then checks it.
Results grade_file(const Course& course, const Exercise& exercise, const std::string& file,
                   const std::string& build_folder, const std::string& check_folder,
                   const GradeOptions& options);
/// From a built object; `built` may be one that did not compile.
Results grade_object(const Course& course, const Exercise& exercise, const Built& built,
                     const std::string& check_folder, const GradeOptions& options);

std::string utc_now();  ///< "2026-02-01T10:00:00Z"

}  // namespace pupil::course
