// staff: what instructors do with a course. Each action is a function of its own; this file reads
// the options.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/interrupt.h"
#include "cli/progress.h"
#include "course/commands.h"
#include "course/export.h"
#include "course/grade_all.h"
#include "course/lint.h"
#include "course/protocol.h"
#include "course/release.h"
#include "course/scaffold.h"
#include "course/session.h"
#include "course/validate.h"
#include "course/worker_process.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

struct Settings {
  std::string action, out, format = "gradescope", lms, match, column;
  std::vector<std::string> words;
  std::int64_t jobs = 2;
  bool all = false, unsafe = false;
};

Course here() { return read_course(find_course_root(std::filesystem::current_path().string())); }

int run_validate(const Settings& s) {
  const Course course = here();
  std::vector<const Exercise*> chosen;
  for (const std::string& id : s.words) chosen.push_back(&course.exercise(id));
  if (s.all) chosen = course.exercises();
  if (chosen.empty()) throw UsageError("staff validate needs the id of an exercise, or --all");
  ValidateOptions options;
  options.folder =
      std::filesystem::temp_directory_path() / fmt::format("pupil-validate-{}", ::getpid());
  std::size_t valid = 0, mutants = 0;
  for (const Exercise* exercise : chosen) {
    const Validation v = validate(course, *exercise, options);
    fmt::print("{}", validation_text(v, terminal_width()));
    std::fflush(stdout);
    valid += v.ok();
    mutants += v.mutants.size();
  }
  std::filesystem::remove_all(options.folder);
  fmt::print("{} of {} exercises are valid, {} mutants\n", valid, chosen.size(), mutants);
  return valid == chosen.size() ? 0 : 1;
}

int run_lint(const Settings&) {
  const LintReport report = lint(here());
  for (const std::string& w : report.warnings) fmt::print("note   {}\n", w);
  for (const std::string& f : report.faults) fmt::print("FAULT  {}\n", f);
  fmt::print("{} faults, {} notes\n", report.faults.size(), report.warnings.size());
  return report.faults.empty() ? 0 : 1;
}

int run_new(const Settings& s) {
  if (s.words.size() != 2)
    throw UsageError("staff new needs a lesson and a name: staff new 09 09c_my_exercise");
  const Course course = here();
  const std::string folder = scaffold(course, course.lesson(s.words[0]), s.words[1]);
  fmt::print("{}\nfill in its files, then: ./pupil build && ./pupil staff validate {}\n", folder,
             s.words[1].substr(0, s.words[1].find('_')));
  return 0;
}

int run_release(const Settings& s) {
  if (s.out.empty()) throw UsageError("staff release needs --out, the folder for the release");
  const Release made = release(here(), s.out);
  fmt::print(
      "{} exercises stripped, build and not_done; {} secret lines in none of {} files\n{}\n{}  "
      "sha256 {}\n",
      made.exercises, made.secrets, made.files, made.tree, made.archive, made.sha256);
  return 0;
}

int run_grade(const Settings& s, const cli::Common& common) {
  if (s.words.size() != 1 || s.out.empty()) {
    throw UsageError("staff grade needs a folder of submissions and --out");
  }
  const Course course = here();
  GradeAllOptions options{.submissions = s.words[0], .out = s.out, .jobs = int(s.jobs)};
  options.level = protocol::kLandlock | protocol::kSeccomp;
  if (bubblewrap_works()) options.level |= protocol::kBubblewrap;
  options.unsafe = s.unsafe;
  cli::watch_interrupt();
  options.interrupted = cli::interrupt_requested;
  std::unique_ptr<cli::Progress> progress;
  options.progress = [&](std::size_t done, std::size_t all) {
    if (!progress) progress = std::make_unique<cli::Progress>(common, "grading", std::int64_t(all));
    progress->step(std::int64_t(done), "");
  };
  const GradeAllReport r = grade_all(course, options);
  progress.reset();
  fmt::print(
      "{} students, {} exercises: {} graded, {} kept from before; sandbox {}\n{} did not build, "
      "{} crashed, {} ran out of time\n{}/grades.db  {}/summary.csv  {}/feedback/\n",
      r.students, r.exercises, r.graded, r.kept, r.level, r.not_built, r.crashed, r.timed_out,
      s.out, s.out, s.out);
  if (cli::interrupt_requested()) throw cli::Interrupted();
  return 0;
}

// From a graded folder: `staff export OUT`.
int run_export(const Settings& s) {
  if (s.words.size() != 1) throw UsageError("staff export needs the folder that staff grade wrote");
  const Course course = here();
  const std::vector<StudentResults> students = read_class(course, s.words[0]);
  if (s.format == "lms") {
    if (s.lms.empty() || s.match.empty() || s.column.empty()) {
      throw UsageError("--format lms needs --lms FILE, --match COLUMN and --column COLUMN");
    }
    const std::string before = read_file(s.lms);
    const LmsFill fill = fill_lms(parse_csv(before, s.lms), s.match, s.column, students);
    write_file(s.lms + ".bak", before);
    write_file(s.lms, to_csv(fill.rows));
    fmt::print("{} rows filled in {}, the original is {}.bak\n", fill.filled, s.lms, s.lms);
    for (const std::string& student : fill.unmatched) fmt::print("not in the file: {}\n", student);
    return fill.unmatched.empty() ? 0 : 1;
  }
  const std::string folder = s.words[0] + "/" + s.format;
  make_folder(folder);
  for (const StudentResults& student : students) {
    const bool json = s.format == "gradescope";
    write_file(fmt::format("{}/{}.{}", folder, student.student, json ? "json" : "xml"),
               json ? gradescope_json(course, student) : junit_xml(student));
  }
  fmt::print("{} files in {}\n", students.size(), folder);
  return 0;
}

int run_stats(const Settings& s) {
  if (s.words.size() != 1) throw UsageError("staff stats needs the folder that staff grade wrote");
  const Course course = here();
  fmt::print("{}", statistics(course, read_class(course, s.words[0])));
  return 0;
}

int run(const Settings& s, const cli::Common& common) {
  if (s.action == "validate") return run_validate(s);
  if (s.action == "lint") return run_lint(s);
  if (s.action == "new") return run_new(s);
  if (s.action == "release") return run_release(s);
  if (s.action == "grade") return run_grade(s, common);
  if (s.action == "export") return run_export(s);
  if (s.action == "stats") return run_stats(s);
  throw UsageError(fmt::format(
      "staff \"{}\": expected new, lint, validate, release, grade, export or stats", s.action));
}

}  // namespace

cli::Command staff_command() {
  return {
      "staff",
      "For instructors. new LESSON NAME: the files of an exercise. lint: what can be said without "
      "running. validate ID: proof that reference, starter and mutants behave. release --out DIR: "
      "the course without solutions. grade SUBMISSIONS --out DIR: a folder a student, in parallel, "
      "resumable (summary.csv lies there). export DIR: its results for Gradescope, JUnit, or into "
      "a "
      "file of a learning management system. stats DIR: passes and diagnoses of every check.",
      "./pupil staff validate 04a",
      [](cli::Options& options, const cli::Common& common) -> std::function<int()> {
        auto s = std::make_shared<Settings>();
        options
            .text("ACTION", s->action, "new, lint, validate, release, grade, export or stats",
                  "ACTION")
            .required();
        options.words("ARGUMENTS", s->words, "see the purpose above");
        options.flag("--all", s->all, "validate: every exercise");
        options.text("--out", s->out, "release, grade: folder for the results", "DIR");
        options.integer("--jobs", s->jobs, "grade: submissions at a time").at_least(1).at_most(64);
        options.choice("--format", s->format, {"gradescope", "junit", "lms"}, "export: for what");
        options.text("--lms", s->lms, "export: the CSV to fill; the original is kept", "FILE");
        options.text("--match", s->match, "export: its column with the students", "COLUMN");
        options.text("--column", s->column, "export: its column for the points", "COLUMN");
        options.flag("--unsafe", s->unsafe, "grade: also below landlock+seccomp");
        return [s, &common] { return run(*s, common); };
      }};
}

}  // namespace pupil::course
