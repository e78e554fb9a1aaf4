// The sections made of numbers: results with intervals, and what each stage cost.
#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <limits>

#include "cli/plot.h"
#include "cli/report/html.h"
#include "cli/report/lookup.h"
#include "cli/report/sections.h"
#include "microworld/vocabulary.h"

namespace pupil::cli {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

enum class Unit { kShare, kNats };
struct Row {
  const char *title, *note, *slice, *metric;
  Unit unit;
  double chance;  // what knowing nothing gives; kNone where that means nothing
};

const std::vector<Row>& result_rows() {
  static const double uniform = std::log(double(microworld::kVocabularySize));
  static const std::vector<Row> rows = {
      {"Held-out questions right", "names never asked about in fine-tuning", "held-out", "accuracy",
       Unit::kShare, kChance},
      {"Shape", "starts with some value of the relation asked for", "held-out", "shape",
       Unit::kShare, kNone},
      {"Stop", "ends by itself", "held-out", "stop", Unit::kShare, kNone},
      {"Trained questions right", "the questions of the fine-tuning set itself", "trained",
       "accuracy", Unit::kShare, kChance},
      {"Unknown names right", "names no document tells about: nobody could know", "unknown",
       "accuracy", Unit::kShare, kChance},
      {"Another question", "after a plain question without chat template", "base",
       "another_question", Unit::kShare, kNone},
      {"Contains the answer", "anywhere after that plain question", "base", "contains_answer",
       Unit::kShare, kNone},
      {"Cloze", "facts recited when a document's sentence is begun", "cloze", "cloze", Unit::kShare,
       kChance},
      {"Answer loss", "nats a supervised token of held-out answers; lower is better", "held-out",
       "answer_nll", Unit::kNats, uniform},
      {"Corpus loss", "nats a token of fresh documents; lower is better", "corpus", "corpus_nll",
       Unit::kNats, uniform},
  };
  return rows;
}

std::string value_cell(const microworld::Metric* m, Unit unit) {
  if (!m) return "<td>\u2013</td>";
  const bool share = unit == Unit::kShare;
  const double factor = share ? 100 : 1;
  const int digits = share ? 1 : 2;
  return fmt::format("<td><b>{}</b><br><span class=\"interval\">[{}, {}]</span></td>",
                     share ? percent(m->value) : fixed(m->value, 3), fixed(factor * m->low, digits),
                     fixed(factor * m->high, digits));
}

std::string stage_headers(const DemoResult& result) {
  std::string html;
  for (const DemoStage& stage : result.stages) {
    html += fmt::format("<th scope=\"col\">{}</th>", escape_html(stage_title(stage)));
  }
  return html;
}

// A table that scrolls by itself where the screen is too narrow for it.
std::string table(const std::string& name, const std::string& head, const std::string& body) {
  return fmt::format(
      "<div class=\"scroll\" role=\"region\" aria-label=\"{0}\" tabindex=\"0\">\n<table>\n"
      "<caption>{0}</caption>\n<thead><tr>{1}</tr></thead>\n<tbody>\n{2}</tbody>\n</table>\n"
      "</div>\n",
      name, head, body);
}

std::string results_table(const DemoResult& result) {
  std::string body;
  auto out = std::back_inserter(body);
  for (const Row& row : result_rows()) {
    std::int64_t n = 0;
    std::string cells;
    for (const DemoStage& stage : result.stages) {
      const microworld::Metric* m = find_metric(&stage, row.slice, row.metric);
      if (m) n = m->n;
      cells += value_cell(m, row.unit);
    }
    const std::string chance = row.unit == Unit::kNats  ? fixed(row.chance, 3)
                               : std::isnan(row.chance) ? percent(row.chance)
                                                        : chance_text();
    fmt::format_to(out,
                   "<tr><th scope=\"row\">{} <span class=\"note\">{} (n\u00a0=\u00a0{})</span></th>"
                   "{}<td>{}</td></tr>\n",
                   row.title, row.note, grouped(n), cells, chance);
  }
  return table(
      "Results, each with its 95 % interval",
      "<th scope=\"col\">Measured</th>" + stage_headers(result) + "<th scope=\"col\">Chance</th>",
      body);
}

BarChart accuracy_bars(const DemoResult& result) {
  BarChart chart{.title = "Held-out questions answered correctly",
                 .x_label = "held-out questions right, %; whiskers: 95 % intervals",
                 .reference = kChance,
                 .reference_name = "chance " + chance_text()};
  int color = 0;
  for (const DemoStage& stage : result.stages) {
    const microworld::Metric* m = find_metric(&stage, "held-out", "accuracy");
    const Bar bar = m ? Bar{"", m->value, m->low, m->high} : Bar{"", kNone, kNone, kNone};
    chart.bars.push_back({stage_title(stage), bar.value, bar.low, bar.high, color++ % 6});
    chart.description += fmt::format("{}: {}. ", stage_title(stage), share_with_interval(m));
  }
  return chart;
}

}  // namespace

std::string accuracy_picture(const DemoResult& result) {
  return svg_file(bar_chart(accuracy_bars(result)));
}

std::string report_accuracy(const DemoResult& result) {
  return fmt::format(
      "<section>\n<h2>Who answers, and who is right</h2>\n<figure>{}<figcaption>Share of held-out "
      "questions whose answer begins with the true value.</figcaption></figure>\n{}"
      "<p class=\"note\">Intervals of shares are Wilson's. Chance: one of {} values of a relation; "
      "for losses the same probability for each of {} words, ln {} = {} nats.</p>\n</section>\n",
      bar_chart(accuracy_bars(result)), results_table(result), microworld::kValues,
      microworld::kVocabularySize, microworld::kVocabularySize,
      fixed(std::log(double(microworld::kVocabularySize)), 3));
}

std::string report_costs(const DemoResult& result) {
  struct Cost {
    const char* title;
    std::string (*text)(const DemoStage&);
  };
  const Cost kCosts[] = {
      {"Parameters of the model", [](const DemoStage& s) { return grouped(s.parameters); }},
      {"Parameters trained", [](const DemoStage& s) { return grouped(s.trained); }},
      {"Share trained",
       [](const DemoStage& s) { return percent(double(s.trained) / double(s.parameters)); }},
      {"Steps", [](const DemoStage& s) { return grouped(std::int64_t(s.losses.size())); }},
      {"Learning rate", [](const DemoStage& s) { return short_number(s.learning_rate); }},
      {"Tokens read", [](const DemoStage& s) { return grouped(s.tokens); }},
      {"Tokens that count in the loss", [](const DemoStage& s) { return percent(s.mask_share); }},
      {"Time of training", [](const DemoStage& s) { return duration(s.seconds); }},
      {"Tokens a second",
       [](const DemoStage& s) { return per_second(double(s.tokens), s.seconds); }},
  };
  std::string body;
  for (const Cost& cost : kCosts) {
    body += fmt::format("<tr><th scope=\"row\">{}</th>", cost.title);
    for (const DemoStage& stage : result.stages) body += "<td>" + cost.text(stage) + "</td>";
    body += "</tr>\n";
  }
  double training = 0;
  for (const DemoStage& stage : result.stages) training += stage.seconds;
  return fmt::format(
      "<section>\n<h2>What it cost</h2>\n{}<p>Training took {} of the {} in all; the rest went "
      "into "
      "evaluation and files.</p>\n</section>\n",
      table("Parameters, data and time of each stage",
            "<th scope=\"col\">Stage</th>" + stage_headers(result), body),
      duration(training), duration(result.seconds));
}

}  // namespace pupil::cli
