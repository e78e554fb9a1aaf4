#include "course/book/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "cli/plot.h"
#include "cli/report/html.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using cli::escape_html;

// {"1.2", "-15"} for 1.2e-15; the second is empty without an exponent.
std::pair<std::string, std::string> mantissa_and_exponent(double value) {
  const std::string text = value_text(value);
  const std::size_t e = text.find('e');
  if (e == text.npos || std::isnan(value)) return {text, ""};
  return {text.substr(0, e), std::to_string(std::stoi(text.substr(e + 1)))};
}

std::string row(const std::string& name, const std::vector<double>& values) {
  std::string html = fmt::format("<tr><th>{}</th>", escape_html(name));
  for (const double v : values) html += fmt::format("<td>{}</td>", value_html(v));
  return html + "</tr>\n";
}

std::string head(const std::vector<std::string>& columns) {
  std::string html = "<thead><tr><th></th>";
  for (const std::string& c : columns) html += fmt::format("<th>{}</th>", escape_html(c));
  return html + "</tr></thead>\n";
}

// A curve's numbers at up to nine points of x, its first and last among them.
std::string numbers_behind(const ReportPlot& plot) {
  constexpr std::size_t kPoints = 9;
  std::size_t length = 0;
  for (const auto& [name, y] : plot.curves) length = std::max(length, y.size());
  if (length == 0) return "";
  const std::size_t count = std::min(length, kPoints);
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < count; ++i) {
    at.push_back(count == 1 ? 0 : i * (length - 1) / (count - 1));
  }
  std::vector<std::string> columns;
  for (const std::size_t x : at) columns.push_back(std::to_string(x + 1));
  std::string html = "<details><summary>The numbers</summary><div class=\"scroll\"><table>" +
                     head(columns) + "<tbody>";
  for (const auto& [name, y] : plot.curves) {
    std::vector<double> values;
    for (const std::size_t x : at) values.push_back(x < y.size() ? y[x] : std::nan(""));
    html += row(name, values);
  }
  return html + "</tbody></table></div></details>";
}

}  // namespace

std::string value_html(double value) {
  if (std::isnan(value)) return "\u2013";
  const auto [mantissa, exponent] = mantissa_and_exponent(value);
  if (exponent.empty()) return mantissa;
  return fmt::format("{}\u00a0\u00d7\u00a010<sup>{}</sup>", mantissa, exponent);
}

std::string value_tex(double value) {
  if (std::isnan(value)) return "\\text{nan}";
  const auto [mantissa, exponent] = mantissa_and_exponent(value);
  return exponent.empty() ? mantissa : fmt::format("{} \\cdot 10^{{{}}}", mantissa, exponent);
}

std::string plot_figure(const ReportPlot& plot) {
  cli::LineChart chart{.title = plot.title, .x_label = plot.x, .y_label = plot.y};
  for (const auto& [name, y] : plot.curves) {
    chart.lines.push_back({name, y, int(chart.lines.size()) % 6});
    if (y.empty()) continue;
    chart.description +=
        fmt::format("{}{}: from {} to {} over {} points", chart.description.empty() ? "" : "; ",
                    name, value_text(y.front()), value_text(y.back()), y.size());
  }
  return fmt::format("<figure>{}<figcaption>{}{}</figcaption>{}</figure>\n", line_chart(chart),
                     escape_html(plot.title),
                     plot.curves.size() == 1 ? ": " + escape_html(plot.curves[0].first) : "",
                     numbers_behind(plot));
}

std::string table_figure(const ReportTable& table) {
  std::string html =
      fmt::format("<div class=\"scroll\"><table class=\"numbers\"><caption>{}</caption>{}<tbody>",
                  escape_html(table.title), head(table.columns));
  for (const auto& [name, values] : table.rows) html += row(name, values);
  return html + "</tbody></table></div>\n";
}

std::string samples_figure(const LessonReport& report, const std::string& model) {
  std::string items;
  for (const ReportSample& s : report.samples) {
    if (s.model != model) continue;
    fmt::format_to(std::back_inserter(items), "<li><code>{} <b>{}</b></code></li>\n",
                   escape_html(s.prompt), escape_html(s.text));
  }
  if (items.empty()) {
    throw InputError(fmt::format("the lesson's program shows no text of a model \"{}\" ({})", model,
                                 report.path));
  }
  return fmt::format(
      "<figure class=\"samples\"><ul>{}</ul><figcaption>Written by: {}</figcaption>"
      "</figure>\n",
      items, escape_html(model));
}

std::string numbers_table(const LessonReport& report) {
  std::string rows;
  bool cached = false;
  for (const ReportValue& v : report.values) {
    const std::string name = v.what.empty() ? v.symbol : v.what;
    const std::string symbol =
        v.what.empty() || v.symbol.empty()
            ? ""
            : fmt::format(" <span class=\"symbol\">{}</span>", escape_html(v.symbol));
    const std::string bound = v.bound.empty() ? ""
                                              : fmt::format("{}, {}", escape_html(v.bound),
                                                            v.holds ? "holds" : "DOES NOT HOLD");
    fmt::format_to(std::back_inserter(rows),
                   "<tr{}><th>{}{}</th><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                   v.holds ? "" : " class=\"fails\"", escape_html(name), symbol,
                   value_html(v.value), bound, v.cached ? "cached" : "now");
    cached |= v.cached;
  }
  return fmt::format(
      "<div class=\"scroll\"><table "
      "class=\"numbers\"><thead><tr><th></th><th>measured</th><th>must be"
      "</th><th>model</th></tr></thead><tbody>\n{}</tbody></table></div>\n"
      "<p class=\"note\">Seed {}; measured by this lesson's program on the machine that made this "
      "page.{}</p>\n",
      rows, report.seed,
      cached
          ? " \u201cnow\u201d: on a model of that run or none; \u201ccached\u201d: on a model that "
            "was trained before and kept."
          : "");
}

}  // namespace pupil::course
