// What every course command begins with: the course, the student's folder, and which exercise is
// meant.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "cli/options.h"
#include "course/course_tree.h"
#include "course/grader.h"
#include "course/progress.h"
#include "course/verdict.h"
#include "course/work_folder.h"

namespace pupil::course {

struct SessionOptions {
  std::string folder;  ///< --dir
  std::string id;      ///< the exercise; empty: the current one

  void declare(cli::Options& options, bool with_id = true);
};

class Session {
 public:
  explicit Session(const SessionOptions& options);

  const Course& course() const { return course_; }
  const WorkFolder& work() const { return work_; }
  /// The one named, else the current one, else the first that does not pass.
  const Exercise& exercise() const;
  /// The one behind it in the course; null at the end.
  const Exercise* next(const Exercise& exercise) const;
  std::string state(const Exercise& exercise) const;  ///< see state_of()

  /// Builds and checks the student's file, writes results.json and progress. `seed` 0: a fresh one.
  Results check(const Exercise& exercise, std::uint64_t seed,
                const std::function<bool()>& cancelled = {}) const;
  std::optional<Results> last_results(const Exercise& exercise) const;

 private:
  Course course_;
  WorkFolder work_;
  std::string id_;
};

VerdictStyle verdict_style(const cli::Common& common);

}  // namespace pupil::course
