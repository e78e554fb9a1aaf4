// Plots as inline SVG for a page of HTML: no script, no external file, no library.
//
// Colours come from the page through classes s0 .. s5 (see plot_css()), so that a plot follows the
// light, dark or print theme. Colour is never the only cue: lines differ in their dashes, too, and
// bars carry their names and numbers. All texts are escaped here.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pupil::cli {

struct Line {
  std::string name;
  std::vector<double> y;  ///< at x = 1, 2, 3, ...; what is not finite leaves a gap
  int color = 0;          ///< 0 .. 5: its class, and its dashes
};

struct LineChart {
  std::string title{}, description{};  ///< description: for a person who cannot see the picture
  std::string x_label{}, y_label{};
  std::vector<Line> lines{};
  int smooth = 1;      ///< > 1: the mean over this many points, drawn over the faint points
  bool log_y = false;  ///< values <= 0 leave a gap
};
std::string line_chart(const LineChart& chart);

struct Bar {
  std::string name;
  double value = 0, low = 0, high = 0;  ///< shares in 0 .. 1, [low, high] an interval
  int color = 0;
};

/// Horizontal bars on an axis from 0 to 100 %, each with its interval as a whisker.
struct BarChart {
  std::string title{}, description{}, x_label{};
  std::vector<Bar> bars{};
  double reference = -1;  ///< >= 0: a dashed line, what chance gives, say
  std::string reference_name{};
};
std::string bar_chart(const BarChart& chart);

/// A chart as a file of its own, with its colours and a page below it in both themes.
std::string svg_file(const std::string& chart);

/// Classes of plots and their colours in both themes; for the page's <style>.
std::string_view plot_css();

/// Round numbers (1, 2 or 5 times a power of ten apart) within [low, high], about `count` of them
/// (Heckbert 1990, Graphics Gems). Empty unless low < high and both are finite.
std::vector<double> linear_ticks(double low, double high, int count);
/// 1, 2 and 5 times powers of ten within [low, high]; powers alone over more than three decades.
std::vector<double> log_ticks(double low, double high);
/// Mean over `window` points around each, over fewer at both ends (always as many before as
/// behind, so that a falling curve is not shifted); only finite points count and have a mean.
std::vector<double> running_mean(const std::vector<double>& y, int window);

}  // namespace pupil::cli
