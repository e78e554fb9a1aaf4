// What a lesson's program measured, read back from its report: numbers for the text, plots and
// tables for the page. Pages therefore cannot disagree with programs.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "course/course_tree.h"

namespace pupil::course {

/// A number that was shown, or that had to keep a bound.
struct ReportValue {
  std::string what{}, symbol{};
  double value = 0;     ///< NaN when it was not finite
  std::string bound{};  ///< "> 0.25", "= 0", or empty: shown only
  bool holds = true;
  bool cached = false;  ///< measured on a model from the cache
};

struct ReportPlot {
  std::string title, x, y;
  std::vector<std::pair<std::string, std::vector<double>>> curves;
};

struct ReportTable {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::pair<std::string, std::vector<double>>> rows;
};

/// A text that a model of the lesson wrote.
struct ReportSample {
  std::string model;  ///< which one: "base", "sft"
  std::string prompt, text;
  std::string evidence;  ///< what gives it away, in numbers
};

struct LessonReport {
  std::string path{};
  std::uint64_t seed = 0;
  std::vector<ReportValue> values{};
  std::vector<ReportPlot> plots{};
  std::vector<ReportTable> tables{};
  std::vector<ReportSample> samples{};

  /// Throws InputError naming what is nearest.
  const ReportValue& value(const std::string& what) const;
  const ReportPlot& plot(const std::string& title) const;
  const ReportTable& table(const std::string& title) const;
};

/// Throws InputError when the file is no report.
LessonReport read_report(const std::string& path);

/// Where the report of this lesson's built program, with default settings and seed 0, is kept: the
/// name holds the program's hash.
std::string report_path(const Lesson& lesson);
/// The kept report; none when the program has not run yet, has changed since or is not built.
std::optional<LessonReport> kept_report(const Lesson& lesson);
/// The kept report, or the program is run now (`say` hears that it takes a while).
LessonReport report_of(const Lesson& lesson, const std::function<void(const std::string&)>& say);

/// A number as prose shows it: four significant digits, "0" for 0.
std::string value_text(double value);

}  // namespace pupil::course
