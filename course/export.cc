#include "course/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/printable.h"
#include "cli/report/html.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// What a student may read of a check: of hidden ones what they are about.
std::string told(const Course& course, const Results& r, const CheckResult& c) {
  if (c.hidden) {
    for (const CheckSpec& spec : course.exercise(r.exercise).checks) {
      if (spec.name == c.name) return spec.about;
    }
    return "";
  }
  std::string text = c.described.empty() ? "" : c.described + "\n";
  text += c.text;
  for (const Diagnosis& d : c.diagnosis) text += fmt::format("\n{} [{}]", d.text, d.key);
  return text;
}

std::size_t column_of(const CsvRow& header, const std::string& name) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) {
    throw InputError(
        fmt::format("the file has no column \"{}\"; it has: {}", name, fmt::join(header, ", ")));
  }
  return std::size_t(found - header.begin());
}

}  // namespace

std::int64_t StudentResults::points() const {
  std::int64_t sum = 0;
  for (const Results& r : exercises) sum += r.points;
  return sum;
}
std::int64_t StudentResults::max_points() const {
  std::int64_t sum = 0;
  for (const Results& r : exercises) sum += r.max_points;
  return sum;
}

std::vector<StudentResults> read_class(const Course& course, const std::string& out) {
  const std::string folder = out + "/results";
  if (!folder_exists(folder)) {
    throw InputError(fmt::format("{}: there is no such folder; run staff grade first", folder));
  }
  std::vector<StudentResults> students;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_directory()) continue;
    StudentResults s{.student = entry.path().filename().string(), .exercises = {}};
    for (const Exercise* e : course.exercises()) {
      s.exercises.push_back(read_results(entry.path().string() + "/" + e->id + ".json"));
    }
    students.push_back(std::move(s));
  }
  std::sort(students.begin(), students.end(),
            [](const auto& a, const auto& b) { return a.student < b.student; });
  return students;
}

LmsFill fill_lms(const std::vector<CsvRow>& file, const std::string& match,
                 const std::string& column, const std::vector<StudentResults>& students) {
  if (file.empty()) throw InputError("the file of the learning management system is empty");
  LmsFill result{.rows = file, .unmatched = {}};
  const std::size_t key = column_of(file[0], match), value = column_of(file[0], column);
  for (const StudentResults& s : students) {
    bool found = false;
    for (std::size_t i = 1; i < result.rows.size(); ++i) {
      CsvRow& row = result.rows[i];
      if (row.size() <= key || row[key] != s.student) continue;
      row.resize(std::max(row.size(), value + 1));
      row[value] = std::to_string(s.points());
      found = true;
    }
    if (found) {
      ++result.filled;
    } else {
      result.unmatched.push_back(s.student);
    }
  }
  return result;
}

std::string gradescope_json(const Course& course, const StudentResults& student) {
  Json tests = Json::array();
  int exercise = 0;
  for (const Results& r : student.exercises) {
    ++exercise;
    int check = 0;
    for (const CheckResult& c : r.checks) {
      tests.push_back({{"name", fmt::format("{} {}", r.exercise, c.hidden ? "hidden" : c.name)},
                       {"number", fmt::format("{}.{}", exercise, ++check)},
                       {"score", c.points},
                       {"max_score", c.max_points},
                       {"status", c.status == Status::kPass ? "passed" : "failed"},
                       {"output", r.message.empty() ? told(course, r, c) : r.message},
                       {"visibility", c.hidden ? "after_published" : "visible"}});
    }
  }
  return Json{{"score", student.points()},
              {"output_format", "text"},
              {"stdout_visibility", "hidden"},
              {"tests", tests}}
             .dump(1) +
         "\n";
}

std::string junit_xml(const StudentResults& student) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const Results& r : student.exercises) {
    const auto count = [&](auto is) {
      return std::count_if(r.checks.begin(), r.checks.end(),
                           [&](const CheckResult& c) { return is(c.status); });
    };
    const auto skipped = count([](Status s) { return s == Status::kSkipped; });
    const auto errors = count([](Status s) { return s == Status::kError; });
    const auto passed = count([](Status s) { return s == Status::kPass; });
    const auto failures = std::int64_t(r.checks.size()) - skipped - errors - passed;
    out += fmt::format(
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
        cli::escape_html(r.exercise), r.checks.size(), failures, errors, skipped);
    for (const CheckResult& c : r.checks) {
      const std::string name = cli::escape_html(c.hidden ? "hidden" : c.name);
      out +=
          fmt::format("<testcase classname=\"{}\" name=\"{}\"", cli::escape_html(r.exercise), name);
      if (c.status == Status::kPass) {
        out += "/>\n";
      } else if (c.status == Status::kSkipped) {
        out += "><skipped/></testcase>\n";
      } else {
        const char* kind = c.status == Status::kError ? "error" : "failure";
        out += fmt::format(
            "><{0} message=\"{1}\"/></testcase>\n", kind,
            // XML has no control characters, not even escaped.
            cli::escape_html(c.hidden ? status_name(c.status)
                                      : cli::printable(status_name(c.status) + (" " + c.text))));
      }
    }
    out += "</testsuite>\n";
  }
  return out + "</testsuites>\n";
}

std::string statistics(const Course& course, const std::vector<StudentResults>& students) {
  std::string out = fmt::format("{:<6}{:<20}{:>6}{:>6}{:>6}{:>6}  {}\n", "", "check", "pass",
                                "fail", "other", "skip", "diagnosed as");
  for (std::size_t i = 0; i < course.exercises().size(); ++i) {
    for (const CheckSpec& spec : course.exercises()[i]->checks) {
      std::map<std::string, int> keys;
      int pass = 0, fail = 0, other = 0, skip = 0;
      for (const StudentResults& s : students) {
        for (const CheckResult& c : s.exercises[i].checks) {
          if (c.name != spec.name) continue;
          pass += c.status == Status::kPass;
          skip += c.status == Status::kSkipped;
          other += c.status != Status::kPass && c.status != Status::kSkipped &&
                   c.status != Status::kFail;
          if (c.status != Status::kFail) continue;
          ++fail;
          ++keys[c.diagnosis.empty() ? "(nothing fits)" : c.diagnosis[0].key];
        }
      }
      std::vector<std::pair<int, std::string>> order;
      for (const auto& [key, count] : keys) order.emplace_back(-count, key);
      std::sort(order.begin(), order.end());
      std::string listed;
      for (const auto& [count, key] : order)
        listed += fmt::format("{}{} {}", listed.empty() ? "" : ", ", key, -count);
      out += fmt::format("{:<6}{:<20}{:>6}{:>6}{:>6}{:>6}  {}\n", course.exercises()[i]->id,
                         spec.name, pass, fail, other, skip, listed);
    }
  }
  return out;
}

}  // namespace pupil::course
