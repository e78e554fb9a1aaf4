#include "cli/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "cli/report/html.h"

namespace pupil::cli {
namespace {

constexpr double kWidth = 560, kLeft = 66, kRight = 14, kTop = 14;

// Values to pixels, straight or through the logarithm.
struct Axis {
  double low, high;  // values
  double from, to;   // pixels
  bool log = false;
  double operator()(double value) const {
    const double share =
        log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return from + share * (to - from);
  }
  bool takes(double value) const { return std::isfinite(value) && (!log || value > 0); }
};

std::string open_svg(const std::string& title, const std::string& description, double height) {
  return fmt::format(
      "<svg class=\"plot\" role=\"img\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
      "{1:.0f}\">\n<title>{2}</title>\n<desc>{3}</desc>\n",
      kWidth, height, escape_html(title), escape_html(description));
}

// "M1 2L3 4": a new M after every gap.
std::string path_data(const std::vector<double>& y, const Axis& x_axis, const Axis& y_axis) {
  std::string d;
  bool pen_down = false;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (!y_axis.takes(y[i])) {
      pen_down = false;
      continue;
    }
    fmt::format_to(std::back_inserter(d), "{}{:.1f} {:.1f}", pen_down ? 'L' : 'M',
                   x_axis(double(i + 1)), y_axis(y[i]));
    pen_down = true;
  }
  return d;
}

Axis value_axis(const LineChart& chart, double bottom) {
  Axis axis{std::numeric_limits<double>::infinity(), 0, bottom, kTop, chart.log_y};
  for (const Line& line : chart.lines) {
    for (double v : line.y) {
      if (!axis.takes(v)) continue;
      axis.low = std::min(axis.low, v);
      axis.high = std::max(axis.high, v);
    }
  }
  if (!std::isfinite(axis.low)) axis.low = chart.log_y ? 0.1 : 0, axis.high = 1;  // nothing to draw
  if (!chart.log_y) axis.low = std::min(axis.low, 0.0);  // a loss is read against 0
  if (!(axis.low < axis.high)) axis.high = axis.low > 0 ? 2 * axis.low : axis.low + 1;
  return axis;
}

std::string grid(const LineChart& chart, const Axis& x, const Axis& y) {
  std::string svg;
  auto out = std::back_inserter(svg);
  for (double v : chart.log_y ? log_ticks(y.low, y.high) : linear_ticks(y.low, y.high, 5)) {
    fmt::format_to(out,
                   "<path class=\"grid\" d=\"M{:.0f} {:.1f}H{:.0f}\"/>"
                   "<text class=\"end\" x=\"{:.0f}\" y=\"{:.1f}\">{}</text>\n",
                   x.from, y(v), x.to, x.from - 7, y(v) + 4, short_number(v));
  }
  for (double v : linear_ticks(x.low, x.high, 6)) {
    fmt::format_to(out,
                   "<path class=\"axis\" d=\"M{0:.1f} {1:.1f}v5\"/>"
                   "<text class=\"middle\" x=\"{0:.1f}\" y=\"{2:.1f}\">{3}</text>\n",
                   x(v), y.from, y.from + 19, grouped(std::llround(v)));
  }
  fmt::format_to(out, "<path class=\"axis\" d=\"M{:.0f} {:.0f}V{:.0f}H{:.0f}\"/>\n", x.from, y.to,
                 y.from, x.to);
  fmt::format_to(out, "<text class=\"middle\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n",
                 (x.from + x.to) / 2, y.from + 38, escape_html(chart.x_label));
  fmt::format_to(
      out, "<text class=\"middle\" transform=\"translate(13 {:.0f}) rotate(-90)\">{}</text>\n",
      (y.from + y.to) / 2, escape_html(chart.y_label));
  return svg;
}

// Names beside a piece of their line, below the axis label.
std::string legend(const std::vector<Line>& lines, double y) {
  std::string svg;
  double x = kLeft;
  for (const Line& line : lines) {
    fmt::format_to(std::back_inserter(svg),
                   "<path class=\"line s{0}\" d=\"M{1:.0f} {2:.0f}h32\"/>"
                   "<text x=\"{3:.0f}\" y=\"{4:.0f}\">{5}</text>\n",
                   line.color, x, y, x + 39, y + 4, escape_html(line.name));
    x += 39 + 7.5 * double(line.name.size()) + 18;
  }
  return svg;
}

}  // namespace

std::string line_chart(const LineChart& chart) {
  const bool with_legend = chart.lines.size() > 1;
  const double bottom = 250, height = bottom + (with_legend ? 68 : 46);
  std::size_t points = 2;
  for (const Line& line : chart.lines) points = std::max(points, line.y.size());
  const Axis x{1, double(points), kLeft, kWidth - kRight};
  const Axis y = value_axis(chart, bottom);
  std::string svg = open_svg(chart.title, chart.description, height) + grid(chart, x, y);
  auto out = std::back_inserter(svg);
  for (const Line& line : chart.lines) {
    if (chart.smooth > 1) {
      fmt::format_to(out, "<path class=\"raw s{}\" d=\"{}\"/>\n", line.color,
                     path_data(line.y, x, y));
    }
  }
  for (const Line& line : chart.lines) {
    fmt::format_to(out, "<path class=\"line s{}\" d=\"{}\"><title>{}</title></path>\n", line.color,
                   path_data(chart.smooth > 1 ? running_mean(line.y, chart.smooth) : line.y, x, y),
                   escape_html(line.name));
  }
  if (with_legend) svg += legend(chart.lines, height - 12);
  return svg + "</svg>\n";
}

std::string bar_chart(const BarChart& chart) {
  constexpr double kRow = 38, kNames = 116, kNumbers = 80, kBar = 20;
  const double bottom = kTop + 14 + kRow * double(chart.bars.size());
  const Axis x{0, 1, kNames, kWidth - kNumbers};
  std::string svg = open_svg(chart.title, chart.description, bottom + 46);
  auto out = std::back_inserter(svg);
  for (double v : linear_ticks(0, 1, 5)) {
    fmt::format_to(out,
                   "<path class=\"grid\" d=\"M{0:.1f} {1:.0f}V{2:.1f}\"/>"
                   "<text class=\"middle\" x=\"{0:.1f}\" y=\"{3:.1f}\">{4:.0f}</text>\n",
                   x(v), kTop + 8, bottom, bottom + 17, 100 * v);
  }
  fmt::format_to(out, "<text class=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
                 (x.from + x.to) / 2, bottom + 37, escape_html(chart.x_label));
  double y = kTop + 14;
  for (const Bar& bar : chart.bars) {
    const double middle = y + kRow / 2;
    fmt::format_to(out, "<text class=\"end\" x=\"{:.0f}\" y=\"{:.1f}\">{}</text>\n", x.from - 9,
                   middle + 4, escape_html(bar.name));
    if (std::isfinite(bar.value) && std::isfinite(bar.low) && std::isfinite(bar.high)) {
      fmt::format_to(out,
                     "<rect class=\"bar s{}\" x=\"{:.0f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
                     "height=\"{:.0f}\"><title>{}: {}</title></rect>\n",
                     bar.color, x.from, middle - kBar / 2, x(bar.value) - x.from, kBar,
                     escape_html(bar.name), percent(bar.value));
      fmt::format_to(out,
                     "<path class=\"whisker\" d=\"M{0:.1f} {2:.1f}H{1:.1f}M{0:.1f} {3:.1f}v10"
                     "M{1:.1f} {3:.1f}v10\"/>\n",
                     x(bar.low), x(bar.high), middle, middle - 5);
    }
    fmt::format_to(out, "<text class=\"end\" x=\"{:.0f}\" y=\"{:.1f}\">{}</text>\n", kWidth - 2,
                   middle + 4, percent(bar.value));
    y += kRow;
  }
  fmt::format_to(out, "<path class=\"axis\" d=\"M{:.0f} {:.0f}V{:.1f}\"/>\n", x.from, kTop + 8,
                 bottom);
  if (chart.reference >= 0) {
    fmt::format_to(out,
                   "<path class=\"reference\" d=\"M{0:.1f} {1:.0f}V{2:.1f}\"/>"
                   "<text x=\"{3:.1f}\" y=\"{4:.0f}\">{5}</text>\n",
                   x(chart.reference), kTop + 2, bottom, x(chart.reference) + 5, kTop + 4,
                   escape_html(chart.reference_name));
  }
  return svg + "</svg>\n";
}

std::string svg_file(const std::string& chart) {
  const std::size_t root = chart.find("<svg ") + 5, inside = chart.find('\n') + 1;
  return fmt::format(
      "{}xmlns=\"http://www.w3.org/2000/svg\" {}<style>{}.plot {{ width: auto; }}\n"
      ".page {{ fill: #fffefb; }}\n"
      "@media screen and (prefers-color-scheme: dark) {{ .page {{ fill: #14181e; }} }}\n"
      "</style>\n<rect class=\"page\" width=\"100%\" height=\"100%\" rx=\"6\"/>\n{}",
      chart.substr(0, root), chart.substr(root, inside - root), plot_css(), chart.substr(inside));
}

std::string_view plot_css() {
  return R"(
:root { --ink: #1c2430; --faint: #d9dee6; --axis: #6b7787;
  --s0: #0a66a8; --s1: #b8410a; --s2: #137347; --s3: #7447b3; --s4: #8a6100; --s5: #5a6472; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf0; --faint: #323c49; --axis: #93a1b3;
    --s0: #62b5f3; --s1: #ff9a5e; --s2: #5fd197; --s3: #c4a5f7; --s4: #e2b650; --s5: #a7b2c0; } }
.plot { display: block; width: 100%; height: auto; }
.plot text { font: 13px system-ui, sans-serif; fill: var(--ink); }
.plot .middle { text-anchor: middle; }
.plot .end { text-anchor: end; }
.plot path { fill: none; }
.plot .grid { stroke: var(--faint); }
.plot .axis { stroke: var(--axis); }
.plot .raw { stroke-width: 1; opacity: .3; }
.plot .line { stroke-width: 2.2; stroke-linejoin: round; }
.plot .whisker { stroke: var(--ink); stroke-width: 1.6; }
.plot .reference { stroke: var(--ink); stroke-dasharray: 4 4; }
.plot path.s0 { stroke: var(--s0); }
.plot path.s1 { stroke: var(--s1); }
.plot path.s2 { stroke: var(--s2); }
.plot path.s3 { stroke: var(--s3); }
.plot path.s4 { stroke: var(--s4); }
.plot path.s5 { stroke: var(--s5); }
.plot path.line.s2 { stroke-dasharray: 9 4; }
.plot path.line.s3 { stroke-dasharray: 2.5 3.5; }
.plot path.line.s4 { stroke-dasharray: 9 3 2 3; }
.plot path.line.s5 { stroke-dasharray: 14 3; }
.plot .bar { opacity: .75; }
.plot rect.s0 { fill: var(--s0); }
.plot rect.s1 { fill: var(--s1); }
.plot rect.s2 { fill: var(--s2); }
.plot rect.s3 { fill: var(--s3); }
.plot rect.s4 { fill: var(--s4); }
.plot rect.s5 { fill: var(--s5); }
)";
}

}  // namespace pupil::cli
