#include "course/hints.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "course/marks.h"
#include "course/process.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

// The sections `## NAME` of a page.
std::map<std::string, std::string> sections_of(const std::string& path) {
  std::map<std::string, std::string> sections;
  if (!file_exists(path)) return sections;
  std::istringstream in(read_file(path));
  std::string name;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) {
      name = line.substr(3);
    } else if (!name.empty()) {
      sections[name] += line + "\n";
    }
  }
  return sections;
}

std::string trimmed(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(std::min(text.find_first_not_of('\n'), text.size()));
}

// One sign an element: . right, # wrong; rows and columns beyond the picture are counted.
std::string heat_map(const Evidence& e, double tolerance) {
  constexpr std::int64_t kMostRows = 24, kMostColumns = 52;
  double scale = 0;
  for (const double x : e.want) scale = std::max(scale, std::isfinite(x) ? std::abs(x) : 0);
  std::string out;
  for (std::int64_t r = 0; r < std::min(e.rows, kMostRows); ++r) {
    out += fmt::format("  {:>4} ", r);
    for (std::int64_t c = 0; c < std::min(e.width, kMostColumns); ++c) {
      const auto i = std::size_t(r * e.width + c);
      const double error =
          std::abs(e.got[i] - e.want[i]) / std::max({std::abs(e.want[i]), 0.1 * scale, 1e-2});
      out += error <= tolerance || e.got[i] == e.want[i] ? '.' : error < 0.01 ? '+' : '#';
    }
    out += "\n";
  }
  if (e.rows > kMostRows) out += fmt::format("  ... {} rows more\n", e.rows - kMostRows);
  if (e.width > kMostColumns) out += fmt::format("  ... {} columns more\n", e.width - kMostColumns);
  return out + "  . right   + off by less than 1 %   # wrong\n";
}

std::string worst_elements(const Evidence& e) {
  constexpr std::size_t kMost = 6;
  std::vector<std::size_t> order(e.want.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto distance = [&](std::size_t i) {
    const double d = std::abs(e.got[i] - e.want[i]);
    return std::isnan(d) ? HUGE_VAL : d;
  };
  const std::size_t shown = std::min(kMost, order.size());
  std::partial_sort(order.begin(), order.begin() + std::ptrdiff_t(shown), order.end(),
                    [&](std::size_t a, std::size_t b) { return distance(a) > distance(b); });
  std::string out =
      fmt::format("  {:<10}{:>16}{:>16}{:>14}\n", "element", "yours", "right", "ratio");
  for (std::size_t k = 0; k < shown; ++k) {
    const std::size_t i = order[k];
    if (distance(i) == 0) break;
    out += fmt::format("  {:<10}{:>16.9g}{:>16.9g}{:>14.6g}\n",
                       fmt::format("[{}][{}]", i / std::size_t(e.width), i % std::size_t(e.width)),
                       e.got[i], e.want[i], e.got[i] / e.want[i]);
  }
  return out;
}

void expect_open(const Session& session, const Exercise& exercise) {
  if (session.course().release) {
    throw UsageError("this course was released without its solutions; ask your instructor");
  }
  if (Progress(session.work()).of(exercise).passed_sha256.empty()) {
    throw UsageError(
        fmt::format("the solution of {} can be seen once your file has passed", exercise.id));
  }
}

std::string reference_text(const Exercise& exercise) {
  const MarkedSource source(read_file(exercise.path("exercise.cc")), exercise.path("exercise.cc"));
  std::istringstream in(source.solution());
  std::string out;
  bool blank = false;
  for (std::string line; std::getline(in, line); blank = line.empty()) {
    if (!line.empty() || !blank) out += line + "\n";  // markers left blank lines
  }
  return out;
}

}  // namespace

std::string next_hint(const Session& session, const Exercise& exercise) {
  const auto sections = sections_of(exercise.path("hints.md"));
  if (sections.empty()) return "this exercise has no hints";
  const StateLock lock(session.work(), "progress");
  Progress progress(session.work());
  ExerciseProgress p = progress.of(exercise);
  std::string out;
  if (const auto last = session.last_results(exercise)) {
    for (const CheckResult& c : last->checks) {
      for (const Diagnosis& d : c.diagnosis) {
        if (sections.count(d.key) && out.empty()) {
          out = fmt::format("# on [{}]\n{}\n\n", d.key, trimmed(sections.at(d.key)));
        }
      }
    }
  }
  std::int64_t levels = 0;
  while (sections.count(std::to_string(levels + 1))) ++levels;
  p.hints = std::min(p.hints + 1, levels);
  for (std::int64_t i = 1; i <= p.hints; ++i) {
    out += fmt::format("# hint {} of {}\n{}\n", i, levels, trimmed(sections.at(std::to_string(i))));
  }
  progress.set(exercise, p);
  progress.save();
  return trimmed(flow(out, terminal_width()));
}

std::string explanation(const Session& session, const Exercise& exercise) {
  const auto results = session.last_results(exercise);
  if (!results)
    return fmt::format("{} was not checked yet; run `pupil check {}`", exercise.id, exercise.id);
  std::string out = verdict_text(exercise, *results, session.work().file(exercise),
                                 {.colours = false, .width = terminal_width()});
  const std::string file = session.work().evidence_file(exercise);
  if (!file_exists(file)) return out;
  for (const Evidence& e : read_evidence(file)) {
    out += fmt::format("\n{} of check {}, {} x {}:\n{}{}", e.tensor, e.check, e.rows, e.width,
                       worst_elements(e), heat_map(e, 1e-6));
  }
  return out;
}

std::string solution_text(const Session& session, const Exercise& exercise) {
  expect_open(session, exercise);
  std::string out = reference_text(exercise);
  if (file_exists(exercise.path("why.md"))) {
    out += "\n" + flow(read_file(exercise.path("why.md")), terminal_width());
  }
  return out;
}

std::string solution_diff(const Session& session, const Exercise& exercise) {
  expect_open(session, exercise);
  const std::string reference = session.work().state_folder() + "/build/reference.cc";
  make_folder(session.work().state_folder() + "/build");
  write_file(reference, reference_text(exercise));
  const Captured ran =
      run_captured({tool_path("diff"), "-u", "-w", "-B", "--label", "yours", "--label", "reference",
                    session.work().file(exercise), reference},
                   20);
  remove_file(reference);
  return ran.output.empty() ? "your file is the reference, blanks apart" : ran.output;
}

std::string exercise_list(const Session& session) {
  std::string out;
  for (const Lesson& lesson : session.course().lessons) {
    out += wrap(fmt::format("{} {} ({} minutes)", lesson.id, lesson.title, lesson.minutes),
                terminal_width(), 3) +
           "\n";
    for (const Exercise& e : lesson.exercises) {
      const ExerciseProgress p = Progress(session.work()).of(e);
      out += wrap(fmt::format("   {:<5}{:<9}{:>3}/{:<3} {}", e.id, session.state(e), p.best,
                              e.max_points(false), e.title),
                  terminal_width(), 8) +
             "\n";
    }
  }
  return trimmed(out);
}

}  // namespace pupil::course
