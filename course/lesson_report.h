// A lesson's report as one page of HTML that opens offline: claims, numbers with their verdicts,
// plots, caveats.
#pragma once
#include <string>

namespace pupil::course {

/// `json` is what a lesson program writes with --report. Throws InputError when it is something
/// else.
std::string lesson_report_html(const std::string& json);

}  // namespace pupil::course
