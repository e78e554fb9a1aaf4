#include "course/validate.h"

#include <fmt/format.h>

#include <set>

#include "course/grader.h"
#include "course/process.h"
#include "course/reference_trial.h"
#include "course/verdict.h"
#include "course/work_folder.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

constexpr double kLeastMargin = 10;

class Validator {
 public:
  Validator(const Course& course, const Exercise& exercise, const ValidateOptions& options)
      : course_(course),
        exercise_(exercise),
        options_(options),
        folder_(check_folder(course, exercise)),
        library_(folder_) {
    result_.exercise = exercise.id;
  }

  Validation run() {
    const double start = now_s();
    expect_same_names();
    prove_reference();
    run_reference();
    run_starter();
    for (const NamedMutant& m : library_.mutants()) run_mutant(m);
    expect_every_check_refuses();
    result_.seconds = now_s() - start;
    return result_;
  }

 private:
  template <class... Parts>
  void fault(fmt::format_string<Parts...> text, Parts&&... parts) {
    result_.faults.push_back(fmt::format(text, std::forward<Parts>(parts)...));
  }
  // A release has no hidden checks to run.
  bool runs(const CheckSpec& spec) const { return !(course_.release && spec.hidden); }

  void expect_same_names() {
    std::set<std::string> specified;
    for (const CheckSpec& spec : exercise_.checks) {
      if (!runs(spec)) continue;
      specified.insert(spec.name);
      ++result_.checks;
      if (!library_.check(spec.name)) fault("checks.cc has no check \"{}\"", spec.name);
    }
    for (const std::string& name : library_.check_names()) {
      if (!specified.count(name)) fault("exercise.toml does not list the check \"{}\"", name);
    }
  }

  void prove_reference() {
    std::set<std::string> seen;
    for (const CheckSpec& spec : exercise_.checks) {
      if (!runs(spec) || !library_.check(spec.name)) continue;
      for (int seed = 1; seed <= options_.seeds; ++seed) {
        ReferenceTrial trial(kit::derived_seed(std::uint64_t(seed), spec.name, 0), library_);
        library_.check(spec.name)(trial);
        if (trial.comparisons() == 0) fault("check {} compares nothing", spec.name);
        if (seed == 1) result_.gradients += trial.gradients();
        for (const std::string& f : trial.faults()) {
          if (seen.insert(spec.name + f).second) fault("check {}, seed {}: {}", spec.name, seed, f);
        }
        // Hidden checks look at odd sizes on purpose, large ones at large ones.
        if (spec.hidden || spec.large) continue;
        for (const std::string& w : trial.warnings()) {
          if (seen.insert(w).second) {
            result_.warnings.push_back(fmt::format("check {}: {}", spec.name, w));
          }
        }
      }
    }
  }

  Results grade(const Built& built, std::uint64_t seed) const {
    GradeOptions options;
    options.seed = seed;
    options.hidden = !course_.release;
    options.level = options_.level;
    return grade_object(course_, exercise_, built, folder_, options);
  }

  Built variant(const std::string& name) const {
    Built built;
    built.ok = true;
    built.object = library_.object(name);
    return built;
  }

  // Through the worker, as a student's file: limits on time and memory hold for it, too.
  void run_reference() {
    for (int seed = 1; seed <= options_.seeds; ++seed) {
      const Results r = grade(variant("reference"), std::uint64_t(seed));
      if (r.status == Status::kPass && r.points == r.max_points) continue;
      for (const CheckResult& c : r.checks) {
        if (c.status != Status::kPass) {
          fault("the reference does not pass {} at seed {}: {} {}", c.name, seed,
                status_name(c.status), c.text);
        }
      }
      return;
    }
  }

  void run_starter() {
    const std::string folder = options_.folder + "/" + exercise_.id;
    make_folder(folder);
    const std::string file = folder + "/starter.cc";
    write_file(file, WorkFolder(course_, options_.folder).starter(exercise_));
    const Built built = compile(course_, exercise_, file, folder + "/build");
    if (!built.ok) return fault("the starter does not build: {}", built.message);
    const Results r = grade(built, 1);
    if (r.status != Status::kNotDone || r.points != 0) {
      fault("the starter gives {} and {} points; expected not_done and none", status_name(r.status),
            r.points);
    }
  }

  void run_mutant(const NamedMutant& mutant) {
    MutantVerdict v{.name = mutant.name, .fails = mutant.fails};
    const Results r = grade(variant(mutant.name), 1);
    for (const CheckResult& c : r.checks) {
      if (c.status == Status::kPass || c.status == Status::kSkipped) continue;
      v.caught_by += (v.caught_by.empty() ? "" : " ") + c.name;
      refused_.insert(c.name);
      if (c.name != mutant.fails) continue;
      if (!c.diagnosis.empty()) v.top = c.diagnosis[0].key;
      v.margin = c.compared ? c.worst.error / c.tolerance : 0;
      v.ok = c.status == Status::kFail && v.top == mutant.name && v.margin >= kLeastMargin;
    }
    if (!v.ok) {
      fault(
          "mutant {}: should fail {} with its own diagnosis; failed {}, diagnosed as {}, margin "
          "{:.1e}",
          v.name, v.fails, v.caught_by.empty() ? "nothing" : v.caught_by,
          v.top.empty() ? "nothing" : v.top, v.margin);
    }
    result_.mutants.push_back(v);
  }

  // What no wrong solution fails may hold for anything. Large cases repeat others in size, hidden
  // ones often at their edges.
  void expect_every_check_refuses() {
    for (const CheckSpec& spec : exercise_.checks) {
      if (!runs(spec) || spec.large || refused_.count(spec.name)) continue;
      if (spec.hidden) {
        result_.warnings.push_back(fmt::format("no mutant fails the hidden check {}", spec.name));
      } else {
        fault("vacuous: no mutant fails check {}; add one that does, or drop the check", spec.name);
      }
    }
  }

  const Course& course_;
  const Exercise& exercise_;
  const ValidateOptions& options_;
  std::string folder_;
  std::set<std::string> refused_;  // checks that some mutant failed
  CheckLibrary library_;
  Validation result_;
};

}  // namespace

Validation validate(const Course& course, const Exercise& exercise,
                    const ValidateOptions& options) {
  try {
    return Validator(course, exercise, options).run();
  } catch (const InputError& e) {
    Validation failed;
    failed.exercise = exercise.id;
    failed.faults.push_back(e.what());
    return failed;
  }
}

std::string validation_text(const Validation& v, int width) {
  std::string out = fmt::format("{}  {} checks, {} gradients proven, {} mutants, {:.1f} s\n",
                                v.exercise, v.checks, v.gradients, v.mutants.size(), v.seconds);
  for (const MutantVerdict& m : v.mutants) {
    out += wrap(fmt::format("  {:<26} {:<16} {:<26} {:>8.1e} {}", m.name, m.caught_by, m.top,
                            m.margin, m.ok ? "ok" : "NOT CAUGHT AS IT SHOULD"),
                width, 4) +
           "\n";
  }
  for (const std::string& f : v.faults) out += wrap("  FAULT " + f, width, 8) + "\n";
  for (const std::string& w : v.warnings) out += wrap("  note  " + w, width, 8) + "\n";
  out += v.ok() ? fmt::format("{} is valid\n", v.exercise)
                : fmt::format("{} is NOT valid\n", v.exercise);
  return out;
}

}  // namespace pupil::course
