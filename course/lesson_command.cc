// lesson: runs a lesson's program, or all of them with one table of what holds.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "course/commands.h"
#include "course/course_tree.h"
#include "course/lesson_report.h"
#include "course/process.h"
#include "course/session.h"
#include "nn/file.h"
#include "nn/strict_json.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

struct Settings {
  std::string which;
  std::vector<std::string> settings;  // KEY=VALUE
  bool report = false;
};

std::string program_of(const Lesson& lesson) {
  const std::string path = program_folder() + "/lessons/" + lesson.name;
  if (!file_exists(path)) {
    throw InputError(fmt::format("the program of lesson {} is not built ({}); run ./pupil build",
                                 lesson.id, path));
  }
  return path;
}

// The program's output goes where ours goes; Ctrl-C reaches both.
int run_program(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& w : words) arguments.push_back(const_cast<char*>(w.c_str()));
  arguments.push_back(nullptr);
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child < 0) throw InputError("cannot start a process");
  if (child == 0) {
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}

int run_lesson_program(const Lesson& lesson, const Settings& s, const cli::Common& common,
                       const std::string& report) {
  std::vector<std::string> words = {program_of(lesson), "--seed", std::to_string(common.seed)};
  for (const std::string& setting : s.settings) {
    words.insert(words.end(), {"--set", setting});
  }
  if (!report.empty()) words.insert(words.end(), {"--report", report});
  return run_program(words);
}

// A temporary file for the program's report, gone at the end.
class ReportFile {
 public:
  ReportFile()
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("pupil-lesson-{}.json", ::getpid())) {}
  ~ReportFile() { std::filesystem::remove(path_); }
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

int run_one(const Lesson& lesson, const Settings& s, const cli::Common& common) {
  const ReportFile report;
  const int status = run_lesson_program(lesson, s, common, s.report ? report.path() : "");
  if (s.report && file_exists(report.path())) {
    const std::string page = fmt::format("lesson-{}.html", lesson.id);
    write_file(page, lesson_report_html(read_file(report.path())));
    fmt::print("report: {}\n", page);
  }
  return status;
}

// One table: what each lesson's program proved, and how long it took.
int run_all(const Course& course, const Settings& s, const cli::Common& common) {
  const ReportFile file;
  const std::string& report = file.path();
  std::string table = fmt::format("\n{:<34}{:>8}{:>8}{:>10}\n", "lesson", "holds", "of", "seconds");
  bool all_hold = true;
  for (const Lesson& lesson : course.lessons) {
    remove_file(report);
    const int status = run_lesson_program(lesson, s, common, report);
    all_hold &= status == 0;
    if (!file_exists(report)) {
      table += fmt::format("{:<34} ended with status {}\n", lesson.name, status);
      continue;
    }
    const auto json = read_json_file(report);
    const auto checked = json.at("checked").get<std::int64_t>();
    const auto failed = json.at("failed").get<std::int64_t>();
    table += fmt::format("{:<34}{:>8}{:>8}{:>10.1f}\n", lesson.name, checked - failed, checked,
                         json.at("seconds").get<double>());
  }
  fmt::print("{}", table);
  return all_hold ? 0 : 1;
}

}  // namespace

cli::Command lesson_command() {
  return {
      "lesson",
      "Runs the program of a lesson (NN), or of all with one table: it prints each claim with its "
      "number. Ends with 1 when something does not hold.",
      "./pupil lesson 04",
      [](cli::Options& options, const cli::Common& common) -> std::function<int()> {
        auto s = std::make_shared<Settings>();
        options.text("LESSON", s->which, "number of a lesson, or all", "NN").required();
        options.list("--set", s->settings, "settings of the lesson, KEY=VALUE");
        options.flag("--report", s->report, "a page with plots, too: lesson-NN.html here");
        return [s, &common] {
          const Course course =
              read_course(find_course_root(std::filesystem::current_path().string()));
          if (s->which == "all") return run_all(course, *s, common);
          return run_one(course.lesson(s->which), *s, common);
        };
      }};
}

}  // namespace pupil::course
