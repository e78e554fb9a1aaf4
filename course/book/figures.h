// Pictures of a page, drawn from the report of the lesson's program.
#pragma once
#include <string>

#include "course/book/lesson_report.h"

namespace pupil::course {

/// A line plot with its numbers in a table below, for who cannot see it.
std::string plot_figure(const ReportPlot& plot);
std::string table_figure(const ReportTable& table);
/// What one model wrote; throws InputError when the report has no sample of it.
std::string samples_figure(const LessonReport& report, const std::string& model);
/// Every number that the program showed, with its bound and where it was measured.
std::string numbers_table(const LessonReport& report);

/// "1.2 x 10^-15" in HTML, or in TeX.
std::string value_html(double value);
std::string value_tex(double value);

}  // namespace pupil::course
