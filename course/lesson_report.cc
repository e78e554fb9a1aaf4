#include "course/lesson_report.h"

#include <fmt/format.h>

#include "cli/plot.h"
#include "cli/report/html.h"
#include "nn/strict_json.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using Json = nlohmann::ordered_json;
using cli::escape_html;

std::string number(const Json& value) {
  return value.is_null() ? "not a number" : fmt::format("{:.6g}", value.get<double>());
}

std::string text(const Json& item, const char* key) {
  return item.contains(key) ? escape_html(item[key].get<std::string>()) : "";
}

// value, gate, zero and gradcheck share a form: what, symbol, number, bound, verdict, origin.
std::string measured(const Json& item) {
  const std::string kind = item.at("kind");
  std::string bound = text(item, "bound");
  if (kind == "zero") bound = "= 0";
  if (kind == "gradcheck") bound = "&lt; 1e-06";
  std::string verdict;
  if (item.contains("holds")) verdict = item["holds"].get<bool>() ? "holds" : "does not hold";
  const std::string what =
      kind == "gradcheck" ? "gradient of " + text(item, "what") : text(item, "what");
  return fmt::format(
      "<tr><td>{}</td><td><i>{}</i></td><td class=n>{}</td><td>{}</td><td{}>{}</td>"
      "<td>{}</td></tr>\n",
      what, text(item, "symbol"), number(item.at("value")), bound,
      verdict == "does not hold" ? " class=bad" : "", verdict, text(item, "origin"));
}

std::string plot(const Json& item) {
  cli::LineChart chart;
  chart.title = item.at("title");
  chart.description = chart.title;
  chart.x_label = item.at("x");
  chart.y_label = item.at("y");
  int color = 0;
  for (const Json& curve : item.at("curves")) {
    chart.lines.push_back(
        {curve.at("name"), curve.at("y").get<std::vector<double>>(), color++ % 6});
  }
  return "<figure>" + cli::line_chart(chart) + "</figure>\n";
}

std::string table(const Json& item) {
  std::string html = fmt::format("<table><caption>{}</caption><tr><th></th>", text(item, "title"));
  for (const Json& column : item.at("columns")) {
    html += "<th>" + escape_html(column.get<std::string>()) + "</th>";
  }
  html += "</tr>\n";
  for (const Json& row : item.at("rows")) {
    html += "<tr><td>" + text(row, "name") + "</td>";
    for (const Json& value : row.at("values")) html += "<td class=n>" + number(value) + "</td>";
    html += "</tr>\n";
  }
  return html + "</table>\n";
}

bool is_measured(const std::string& kind) {
  return kind == "value" || kind == "gate" || kind == "zero" || kind == "gradcheck";
}

std::string body(const Json& items) {
  std::string html;
  bool in_table = false;
  for (const Json& item : items) {
    const std::string kind = item.at("kind");
    if (is_measured(kind) != in_table) {
      html += in_table ? "</table>\n" : "<table>\n";
      in_table = !in_table;
    }
    if (in_table) {
      html += measured(item);
    } else if (kind == "claim") {
      html += "<h2>" + text(item, "text") + "</h2>\n";
    } else if (kind == "say") {
      html += "<pre>" + text(item, "text") + "</pre>\n";
    } else if (kind == "caveat") {
      html += "<aside><b>What could fool you.</b> " + text(item, "text") + "</aside>\n";
    } else if (kind == "plot") {
      html += plot(item);
    } else if (kind == "table") {
      html += table(item);
    }
  }
  return html + (in_table ? "</table>\n" : "");
}

constexpr const char* kStyle =
    ":root{color-scheme:light dark}body{max-width:52rem;margin:2rem auto;padding:0 1rem;"
    "font:1rem/1.5 system-ui,sans-serif}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:"
    "collapse;margin:.5rem 0}td,th{padding:.15rem .8rem .15rem 0;text-align:left}td.n{text-align:"
    "right;font-variant-numeric:tabular-nums}td.bad{font-weight:bold}aside{border-left:.3rem solid;"
    "padding:.3rem 1rem;margin:1.5rem 0}figure{margin:1rem 0}pre{white-space:pre-wrap;margin:.2rem "
    "0}";

}  // namespace

std::string lesson_report_html(const std::string& json) {
  const Json report = parse_json_text<Json>(json, "the lesson's report");
  try {
    const std::string title = fmt::format("Lesson {}: {}", report.at("lesson").get<std::string>(),
                                          report.at("title").get<std::string>());
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width, "
        "initial-scale=1\"><title>{0}</title><style>{1}{2}</style></head>"
        "<body><h1>{0}</h1>\n<p>{3} of {4} hold; seed {5}; {6:.1f} s. \"now\": measured on a model "
        "of "
        "this run; \"cached\": on one from the cache.</p>\n{7}</body></html>\n",
        escape_html(title), kStyle, cli::plot_css(),
        report.at("checked").get<int>() - report.at("failed").get<int>(),
        report.at("checked").get<int>(), report.at("seed").dump(),
        report.at("seconds").get<double>(), body(report.at("items")));
  } catch (const nlohmann::json::exception& e) {
    throw InputError(fmt::format("the lesson's report cannot be read: {}", e.what()));
  }
}

}  // namespace pupil::course
