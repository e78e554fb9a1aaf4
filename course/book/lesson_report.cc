#include "course/book/lesson_report.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>

#include "cli/nearest.h"
#include "lessons/kit/cache_folder.h"
#include "nn/file.h"
#include "nn/sha256.h"
#include "nn/strict_json.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using Json = nlohmann::ordered_json;
using Named = std::vector<std::pair<std::string, std::vector<double>>>;

double number_of(const Json& json) { return json.is_null() ? std::nan("") : json.get<double>(); }

// Rows or curves: `values` is the key of their numbers.
Named named_numbers(const Json& list, const char* values) {
  Named all;
  for (const Json& entry : list) {
    std::vector<double> numbers;
    for (const Json& v : entry.at(values)) numbers.push_back(number_of(v));
    all.emplace_back(entry.at("name"), std::move(numbers));
  }
  return all;
}

ReportValue value_of(const Json& item, const std::string& kind) {
  ReportValue v{.what = item.at("what"), .symbol = item.value("symbol", "")};
  v.value = number_of(item.at("value"));
  v.holds = item.value("holds", true);
  v.cached = item.value("origin", "") == "cached";
  if (kind == "gate") v.bound = item.at("bound");
  if (kind == "zero") v.bound = "= 0";
  if (kind == "gradcheck") v.bound = "< 1e-06";
  return v;
}

void read_item(const Json& item, LessonReport& report) {
  const std::string kind = item.at("kind");
  if (kind == "value" || kind == "gate" || kind == "zero" || kind == "gradcheck") {
    report.values.push_back(value_of(item, kind));
  } else if (kind == "plot") {
    report.plots.push_back(
        {item.at("title"), item.at("x"), item.at("y"), named_numbers(item.at("curves"), "y")});
  } else if (kind == "table") {
    report.tables.push_back(
        {item.at("title"), item.at("columns"), named_numbers(item.at("rows"), "values")});
  } else if (kind == "sample") {
    report.samples.push_back(
        {item.at("model"), item.at("prompt"), item.at("text"), item.value("evidence", "")});
  }
}

template <class T>
const T& find(const std::vector<T>& all, std::string T::*name, const std::string& wanted,
              const char* what, const std::string& path) {
  const T* found = nullptr;
  std::vector<std::string> names;
  for (const T& one : all) {
    names.push_back(one.*name);
    if (one.*name != wanted) continue;
    if (found) {
      throw InputError(
          fmt::format("the lesson's program shows two {}s \"{}\"; give one of them "
                      "another name",
                      what, wanted));
    }
    found = &one;
  }
  if (found) return *found;
  throw InputError(fmt::format("the lesson's program shows no {} \"{}\"{} ({})", what, wanted,
                               cli::did_you_mean(wanted, names), path));
}

std::string program_of(const Lesson& lesson) {
  return program_folder() + "/lessons/" + lesson.name;
}

// Runs a lesson's program: what it says about training comes through, its results do not, since
// they would stand between the lines of the command that needs them. Ctrl-C reaches both, and it
// does not outlive us.
int run_for_report(const std::string& program, const std::string& report) {
  const char* words[] = {program.c_str(), "--report", report.c_str(), nullptr};
  const pid_t child = ::fork();
  if (child < 0) throw InputError("cannot start a process");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
    ::execv(words[0], const_cast<char**>(words));
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

const ReportValue& LessonReport::value(const std::string& what) const {
  return find(values, &ReportValue::what, what, "number", path);
}
const ReportPlot& LessonReport::plot(const std::string& title) const {
  return find(plots, &ReportPlot::title, title, "plot", path);
}
const ReportTable& LessonReport::table(const std::string& title) const {
  return find(tables, &ReportTable::title, title, "table", path);
}

LessonReport read_report(const std::string& path) {
  const Json json = read_json_file<Json>(path);
  LessonReport report{.path = path};
  try {
    report.seed = json.at("seed");
    for (const Json& item : json.at("items")) read_item(item, report);
  } catch (const nlohmann::json::exception& e) {
    throw InputError(fmt::format("{}: no report of a lesson's program: {}", path, e.what()));
  }
  return report;
}

std::string report_path(const Lesson& lesson) {
  const std::string program = program_of(lesson);
  if (!file_exists(program)) {
    throw InputError(fmt::format("the program of lesson {} is not built ({}); run ./pupil build",
                                 lesson.id, program));
  }
  return fmt::format("{}/report-{}-{}.json", cache_folder(), lesson.id,
                     sha256_of_file(program).substr(0, 12));
}

std::optional<LessonReport> kept_report(const Lesson& lesson) {
  if (!file_exists(program_of(lesson))) return std::nullopt;
  const std::string path = report_path(lesson);
  if (!file_exists(path)) return std::nullopt;
  return read_report(path);
}

LessonReport report_of(const Lesson& lesson, const std::function<void(const std::string&)>& say) {
  if (auto kept = kept_report(lesson)) return *kept;
  const std::string path = report_path(lesson);
  make_folder(cache_folder());
  say(
      fmt::format("lesson {}: its program measures (up to a minute; longer where models must be "
                  "trained first)",
                  lesson.id));
  const int status = run_for_report(program_of(lesson), path);
  if (!file_exists(path)) {
    throw InputError(
        fmt::format("the program of lesson {} ended with status {} and left no report; "
                    "run ./pupil lesson {} to see why",
                    lesson.id, status, lesson.id));
  }
  if (status != 0) {
    say(fmt::format("lesson {}: not everything holds here, and its page says so", lesson.id));
  }
  return read_report(path);
}

std::string value_text(double value) {
  if (std::isnan(value)) return "not a number";
  if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  return fmt::format("{:.4g}", value);
}

}  // namespace pupil::course
