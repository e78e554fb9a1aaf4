// The parts of report.html, each a piece of HTML with every string from outside escaped.
#pragma once
#include <string>

#include "cli/demo.h"

namespace pupil::cli {

std::string report_summary(const DemoResult& result);  ///< the measured numbers in sentences
std::string report_claims(const DemoResult& result);   ///< what was to be shown, and whether it was
std::string report_accuracy(const DemoResult& result);   ///< bars, and the table with intervals
std::string accuracy_picture(const DemoResult& result);  ///< the bars alone, as a file
std::string report_losses(const DemoResult& result);     ///< curves
std::string report_samples(const DemoResult& result);    ///< the mask, and what the models wrote
std::string report_costs(const DemoResult& result);      ///< parameters, time, tokens a second
std::string report_caveats(const DemoResult& result);    ///< what could fool you
std::string report_settings(const DemoResult& result);   ///< settings, hashes, environment

/// The page's <style>: light, dark, narrow and on paper.
std::string report_css();

/// The whole page.
std::string demo_report_html(const DemoResult& result);

}  // namespace pupil::cli
