#include "course/grader.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <exception>

#include "course/check_library.h"
#include "course/process.h"
#include "course/trial.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

class Grading {
 public:
  Grading(const Course& course, const Exercise& exercise, const GradeOptions& options)
      : exercise_(exercise), options_(options), start_(now_s()) {
    results_.course = course.label();
    results_.student = options.student;
    results_.exercise = exercise.id;
    results_.started = utc_now();
    for (const CheckSpec& spec : exercise.checks) {
      if (spec.hidden) {
        ++results_.hidden_count;
        results_.hidden_about.push_back(spec.about);
        if (!options.hidden) continue;
      }
      specs_.push_back(&spec);
      results_.checks.push_back({.name = spec.name,
                                 .status = Status::kError,
                                 .max_points = spec.points,
                                 .hidden = spec.hidden,
                                 .text = "was not run"});
      results_.max_points += spec.points;
    }
    write();
  }

  // Nothing can be checked: every check is an error with the reason.
  Results refuse(const std::string& reason, const std::string& source_sha256) {
    results_.message = reason;
    results_.source_sha256 = source_sha256;
    for (CheckResult& check : results_.checks) check.text = "not run: see message";
    return done(false);
  }

  Results run(const Built& built, const CheckLibrary& library) {
    results_.source_sha256 = built.source_sha256;
    results_.fingerprint = library.fingerprint();
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      if (options_.cancelled && options_.cancelled()) break;
      if (blocked(*specs_[i])) {
        results_.checks[i].status = Status::kSkipped;
        results_.checks[i].text = fmt::format("after {}", specs_[i]->after);
      } else {
        run_check(built.object, library, *specs_[i], results_.checks[i]);
      }
      results_.sum_up(false);
      write();
    }
    return done(false);
  }

 private:
  bool blocked(const CheckSpec& spec) const {
    if (spec.after.empty()) return false;
    for (const CheckResult& c : results_.checks) {
      if (c.name == spec.after) return c.status != Status::kPass;
    }
    return true;
  }

  void run_check(const std::string& object, const CheckLibrary& library, const CheckSpec& spec,
                 CheckResult& result) {
    result.seed = std::to_string(options_.seed);
    kit::CheckFunction* check = library.check(spec.name);
    if (!check) {
      result.text = "the compiled checks do not have it; please tell the course's author";
      return;
    }
    try {
      WorkerProcess worker(object, {exercise_.time_ms, exercise_.memory_mb, options_.level});
      result.status = Status::kPass;
      for (std::int64_t draw = 0; draw < spec.draws && result.status == Status::kPass; ++draw) {
        StudentTrial trial(kit::derived_seed(options_.seed, spec.name, std::uint64_t(draw)), worker,
                           library);
        check(trial);
        trial.report(result);
        if (auto evidence = trial.evidence(spec.name)) results_.evidence.push_back(*evidence);
      }
      note(worker);
    } catch (const std::exception& e) {
      result.status = Status::kError;
      result.text = fmt::format("the check itself failed, please tell its author: {}", e.what());
    }
    result.points = result.status == Status::kPass ? spec.points : 0;
  }

  void note(WorkerProcess& worker) {
    const Ended ended = worker.finish();
    WorkerReport& report = results_.worker;
    report.level = level_name(worker.level());
    report.cpu_ms += ended.cpu_ms;
    report.max_rss_mb = std::max(report.max_rss_mb, ended.max_rss_mb);
    if (report.exit == 0 && report.signal == 0) {
      report.exit = ended.exit;
      report.signal = ended.signal;
    }
    report.truncated |= worker.truncated();
    if (report.printed.empty()) report.printed = worker.printed();
  }

  Results done(bool forbidden) {
    results_.wall_ms = (now_s() - start_) * 1e3;
    results_.sum_up(forbidden);
    write();
    return results_;
  }
  void write() const {
    if (!options_.results.empty()) write_file(options_.results, to_json(results_));
  }

  const Exercise& exercise_;
  const GradeOptions& options_;
  double start_;
  std::vector<const CheckSpec*> specs_;
  Results results_;
};

}  // namespace

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

Results grade_object(const Course& course, const Exercise& exercise, const Built& built,
                     const std::string& check_folder, const GradeOptions& options) {
  Grading grading(course, exercise, options);
  if (!built.ok) return grading.refuse(built.message, built.source_sha256);
  try {
    const CheckLibrary library(check_folder);
    return grading.run(built, library);
  } catch (const InputError& e) {
    return grading.refuse(e.what(), built.source_sha256);
  }
}

Results grade_file(const Course& course, const Exercise& exercise, const std::string& file,
                   const std::string& build_folder, const std::string& check_folder,
                   const GradeOptions& options) {
  Built built;
  try {
    built = compile(course, exercise, file, build_folder, options.cancelled);
  } catch (const InputError& e) {
    built.message = e.what();
  }
  return grade_object(course, exercise, built, check_folder, options);
}

}  // namespace pupil::course
