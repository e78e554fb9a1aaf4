// results.json: what a check of an exercise found. Written anew after every check, atomically,
// starting from a file in which every check is `error`: a grader that dies leaves a valid file that
// passes nothing.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "course/compare.h"
#include "course/course_tree.h"

namespace pupil::course {

enum class Status { kPass, kFail, kError, kCrash, kTimeout, kSkipped, kNotDone };
const char* status_name(Status status);     ///< "pass", ..., "not_done"
Status status_of(const std::string& name);  ///< throws InputError

/// Why an output is wrong, and how sure that is: exact (to nine digits), likely, hint.
struct Diagnosis {
  std::string key;  ///< a mutant's name, or of a hypothesis: "scale", "transpose", ...
  std::string certainty;
  std::string text;
};

/// The output with the worst element, whole, for `pupil explain`; in memory and in a file of its
/// own, not in results.json.
struct Evidence {
  std::string check, tensor;
  std::int64_t rows = 0, width = 0;
  std::vector<double> got, want;
};

struct CheckResult {
  std::string name;
  Status status = Status::kError;
  std::int64_t points = 0, max_points = 0;
  bool hidden = false;
  std::string seed{};       ///< as --seed takes it
  std::string described{};  ///< the case in words
  std::vector<Diagnosis> diagnosis{};
  bool compared = false;  ///< worst, wrong and count mean something
  Worst worst{};
  std::int64_t wrong = 0, count = 0;
  double relative_norm = 0, tolerance = 0;
  std::string text{};  ///< a sentence for the student
};

struct WorkerReport {
  int exit = 0, signal = 0;
  double cpu_ms = 0, max_rss_mb = 0;
  bool truncated = false;
  std::string level;    ///< of the sandbox
  std::string printed;  ///< by the student's program
};

struct Results {
  std::string course, student, exercise, source_sha256, started, fingerprint;
  double wall_ms = 0;
  Status status = Status::kError;
  std::int64_t points = 0, max_points = 0;
  std::string message;  ///< why nothing could be checked: compiler errors, a missing library
  std::vector<CheckResult> checks;
  std::int64_t hidden_count = 0;
  std::vector<std::string> hidden_about;
  WorkerReport worker;
  std::vector<Evidence> evidence;  ///< one a failed comparison

  /// Status and points of the whole from the checks: a crash, a timeout or a forbidden call sets
  /// all of it to 0.
  void sum_up(bool forbidden);
};

std::string to_json(const Results& results);
std::string evidence_json(const std::vector<Evidence>& evidence);
std::vector<Evidence> read_evidence(const std::string& path);
/// Throws InputError: not valid, or of another schema.
Results read_results(const std::string& path);

}  // namespace pupil::course
