// progress.json: how far a student is, by the permanent ids of exercises. Written atomically, the
// state before kept as progress.json.bak; entries of exercises that this course does not know stay
// as they are. Plain JSON, so that it can be copied between machines.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "course/results.h"
#include "course/work_folder.h"

namespace pupil::course {

struct ExerciseProgress {
  std::int64_t attempts = 0, hints = 0;  ///< checks of a changed file; hint levels shown
  std::int64_t best = 0, last = 0;       ///< points
  std::string first_time, last_time;
  std::string passed_sha256, fingerprint;  ///< of the file that passed, and of the checks then
  std::string seen_sha256;                 ///< of the file checked last
};

class Progress {
 public:
  /// Reads progress.json, or the .bak when a kill or a full disk damaged it.
  explicit Progress(const WorkFolder& folder);
  ~Progress();
  Progress(Progress&&) noexcept;

  ExerciseProgress of(const Exercise& exercise) const;
  std::string current() const;  ///< id of the exercise that commands mean without an ID; "": none

  void set(const Exercise& exercise, const ExerciseProgress& progress);
  void set_current(const std::string& id);
  void save() const;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
  std::string path_;
};

/// "new", "started", "passing", "changed" (since it passed) or "outdated" (its checks changed).
std::string state_of(const ExerciseProgress& progress, const std::string& file_sha256,
                     const std::string& fingerprint);

/// Enters the results of a check; the lock is taken inside.
void record_results(const WorkFolder& folder, const Exercise& exercise, const Results& results);

}  // namespace pupil::course
