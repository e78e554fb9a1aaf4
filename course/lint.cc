#include "course/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "course/compile.h"
#include "course/marks.h"
#include "course/process.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLeastSigns = 12, kShingle = 8, kLeastMutants = 4;
constexpr double kMostInEngine = 0.3, kMostShared = 0.3;
constexpr long kMostHeaderLines = 35000;  // what compiles in 0.35 s on a slow machine

std::string without_blanks(const std::string& line) {
  std::string out;
  for (const char c : line) {
    if (c != ' ' && c != '\t') out += c;
  }
  return out;
}

std::set<std::string> engine_lines(const std::string& root) {
  std::set<std::string> lines;
  for (const char* room : {"kernels", "tensor", "autograd", "nn", "sft"}) {
    if (!folder_exists(root + "/" + room)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root + "/" + room)) {
      const std::string kind = entry.path().extension().string();
      if (kind != ".cc" && kind != ".h") continue;
      std::istringstream in(read_file(entry.path().string()));
      for (std::string line; std::getline(in, line);) lines.insert(without_blanks(line));
    }
  }
  return lines;
}

double share_in(const std::set<std::string>& engine, const Exercise& exercise) {
  const std::string path = exercise.path("exercise.cc");
  const MarkedSource source(read_file(path), path);
  std::istringstream in(source.solution());
  const std::string starter = source.starter();
  std::int64_t found = 0, all = 0;
  for (std::string line; std::getline(in, line);) {
    const std::string bare = without_blanks(line);
    if (bare.size() < kLeastSigns || starter.find(line) != std::string::npos) continue;
    ++all;
    found += engine.count(bare) > 0;
  }
  return all ? double(found) / double(all) : 0;
}

void lint_exercise(const Course& course, const Exercise& e, const std::set<std::string>& engine,
                   LintReport& report) {
  const auto fault = [&](const std::string& text) { report.faults.push_back(e.id + ": " + text); };
  for (const char* file :
       {"exercise.h", "exercise.cc", "call.cc", "task.md", "hints.md", "why.md"}) {
    if (!file_exists(e.path(file))) fault(fmt::format("{} is missing", file));
  }
  if (!file_exists(e.path("hints.md")) || !file_exists(e.path("exercise.cc"))) return;
  const std::string hints = "\n" + read_file(e.path("hints.md"));
  if (hints.find("\n## 2") == std::string::npos) fault("hints.md has fewer than two levels");
  bool gradient = false, large = false;
  for (const CheckSpec& c : e.checks) {
    gradient |= c.name.find("gradient") != std::string::npos;
    large |= c.large;
  }
  if (gradient && !large) {
    fault(
        "asks for a gradient and has no check with large = true: differencing one's own forward "
        "would pass");
  }
  const Captured ran = run_captured(
      {tool_path("g++"), "-std=c++20", "-E", "-P", "-I" + course.root, e.path("exercise.h")}, 60,
      {}, plain_environment(), std::size_t(1) << 24);
  const auto lines = std::count(ran.output.begin(), ran.output.end(), '\n');
  if (ran.ended.exit != 0) fault("exercise.h does not stand alone");
  if (lines > kMostHeaderLines)
    fault(fmt::format("exercise.h brings {} lines; at most {}", lines, kMostHeaderLines));
  if (course.release) return;
  const MarkedSource source(read_file(e.path("exercise.cc")), e.path("exercise.cc"));
  if (source.mutants().size() < kLeastMutants) {
    fault(fmt::format("has {} mutants; at least {}", source.mutants().size(), kLeastMutants));
  }
  const double share = share_in(engine, e);
  if (share > kMostInEngine) {
    report.warnings.push_back(
        fmt::format("{}: {:.0f} % of the solution's lines stand in the engine; ask "
                    "for another form",
                    e.id, 100 * share));
  }
}

// Paragraphs, with the page they stand on.
using Paragraphs = std::vector<std::pair<std::string, std::string>>;

Paragraphs paragraphs_of(const std::string& path) {
  Paragraphs list;
  if (!file_exists(path)) return list;
  std::istringstream in(read_file(path) + "\n\n");
  std::string text;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) {
      text += line + " ";
    } else if (!text.empty()) {
      list.emplace_back(path, text);
      text.clear();
    }
  }
  return list;
}

void lint_paragraphs(const Course& course, LintReport& report) {
  Paragraphs all;
  for (const Lesson& lesson : course.lessons) {
    for (const auto& p : paragraphs_of(lesson.folder + "/reading.md")) all.push_back(p);
    for (const Exercise& e : lesson.exercises) {
      for (const auto& p : paragraphs_of(e.path("task.md"))) all.push_back(p);
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double share = shared_shingles(all[i].second, all[j].second);
      if (share > kMostShared) {
        report.faults.push_back(
            fmt::format("{}: {:.0f} % of a paragraph stand in {}, too: \"{:.40}...\"", all[i].first,
                        100 * share, all[j].first, all[i].second));
      }
    }
  }
}

std::vector<std::string> shingles(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words, list;
  for (std::string word; in >> word;) words.push_back(word);
  for (std::size_t i = 0; i + kShingle <= words.size(); ++i) {
    std::string joined;
    for (std::size_t k = i; k < i + kShingle; ++k) joined += words[k] + " ";
    list.push_back(joined);
  }
  return list;
}

}  // namespace

double share_in_engine(const Course& course, const Exercise& exercise) {
  return share_in(engine_lines(course.root), exercise);
}

double shared_shingles(const std::string& text, const std::string& other) {
  const std::vector<std::string> mine = shingles(text), theirs = shingles(other);
  if (mine.empty()) return 0;
  const std::set<std::string> known(theirs.begin(), theirs.end());
  const auto found = std::count_if(mine.begin(), mine.end(),
                                   [&](const std::string& s) { return known.count(s) > 0; });
  return double(found) / double(mine.size());
}

LintReport lint(const Course& course) {
  LintReport report;
  const std::set<std::string> engine = engine_lines(course.root);
  for (const Lesson& lesson : course.lessons) {
    for (const char* file : {"reading.md", "theory.cc", "quiz.toml", "cards.toml"}) {
      if (!file_exists(lesson.folder + "/" + file)) {
        report.faults.push_back(fmt::format("{}: {} is missing", lesson.name, file));
      }
    }
    if (lesson.goals.empty() || lesson.examples.empty() || lesson.non_examples.empty() ||
        lesson.boundary.empty()) {
      report.faults.push_back(lesson.name +
                              ": goals, boundary, examples and non_examples must not be empty");
    }
    for (const Exercise& e : lesson.exercises) lint_exercise(course, e, engine, report);
  }
  lint_paragraphs(course, report);
  return report;
}

}  // namespace pupil::course
