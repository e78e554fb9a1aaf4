#include "course/session.h"

#include <unistd.h>

#include <filesystem>
#include <random>

#include "cli/progress.h"
#include "course/check_library.h"
#include "nn/file.h"
#include "nn/sha256.h"
#include "tensor/error.h"

namespace pupil::course {

void SessionOptions::declare(cli::Options& options, bool with_id) {
  if (with_id) options.text("ID", id, "the exercise (default: the current one)", "ID");
  options.text("--dir", folder, "your folder (default: work/ in the course)", "DIR");
}

Session::Session(const SessionOptions& options)
    : course_(read_course(find_course_root(std::filesystem::current_path().string()))),
      work_(course_, options.folder),
      id_(options.id) {
  work_.prepare();
}

const Exercise& Session::exercise() const {
  if (!id_.empty()) return course_.exercise(id_);
  const std::string current = Progress(work_).current();
  if (const Exercise* found = course_.find_exercise(current)) return *found;
  for (const Exercise* e : course_.exercises()) {
    if (state(*e) != "passing") return *e;
  }
  if (course_.exercises().empty()) throw InputError("the course has no exercise");
  return *course_.exercises().back();
}

const Exercise* Session::next(const Exercise& exercise) const {
  const auto all = course_.exercises();
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    if (all[i] == &exercise || all[i]->id == exercise.id) return all[i + 1];
  }
  return nullptr;
}

std::string Session::state(const Exercise& exercise) const {
  const ExerciseProgress progress = Progress(work_).of(exercise);
  const std::string file = work_.file(exercise);
  const std::string sha = file_exists(file) ? sha256_of_file(file) : "";
  return state_of(progress, sha, library_fingerprint(check_folder(course_, exercise)));
}

Results Session::check(const Exercise& exercise, std::uint64_t seed,
                       const std::function<bool()>& cancelled) const {
  const StateLock lock(work_, exercise.id);
  GradeOptions options;
  options.seed = seed;
  if (options.seed == 0) {
    std::random_device device;
    options.seed = device() | 1u;  // short enough to be typed
  }
  options.results = work_.results_file(exercise);
  options.cancelled = cancelled;
  const Results results =
      grade_file(course_, exercise, work_.file(exercise), work_.build_folder(exercise),
                 check_folder(course_, exercise), options);
  write_file(work_.evidence_file(exercise), evidence_json(results.evidence));
  if (!(cancelled && cancelled())) record_results(work_, exercise, results);
  return results;
}

std::optional<Results> Session::last_results(const Exercise& exercise) const {
  const std::string path = work_.results_file(exercise);
  if (!file_exists(path)) return std::nullopt;
  return read_results(path);
}

VerdictStyle verdict_style(const cli::Common& common) {
  return {.colours = cli::colours(common, STDOUT_FILENO), .width = terminal_width()};
}

}  // namespace pupil::course
