#include "course/book/notation.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "cli/report/html.h"
#include "course/toml.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using cli::escape_html;

std::string notation_path(const Course& course) { return course.root + "/lessons/notation.toml"; }

std::string lesson_link(const Course& course, const std::string& id) {
  for (const Lesson& lesson : course.lessons) {
    if (lesson.id == id) return fmt::format("<a href=\"{}.html\">{}</a>", lesson.name, id);
  }
  return id;
}

}  // namespace

std::vector<Symbol> read_notation(const Course& course) {
  std::vector<Symbol> symbols;
  const TomlTable table = TomlTable::read(notation_path(course));
  table.expect_keys({"symbol"});
  for (const TomlTable& entry : table.tables("symbol")) {
    entry.expect_keys({"tex", "plain", "words", "shape", "lesson"});
    Symbol symbol{entry.text("tex"), entry.text("plain"), entry.text("words"),
                  entry.text_or("shape", ""), entry.text("lesson")};
    for (const Symbol& other : symbols) {
      if (other.tex == symbol.tex) entry.fail("tex", "stands here twice: one symbol, one meaning");
    }
    symbols.push_back(std::move(symbol));
  }
  return symbols;
}

std::string notation_html(const Course& course, const std::vector<Symbol>& symbols,
                          const std::vector<LessonReport>& reports, Katex& katex) {
  std::string html =
      "<div class=\"scroll\"><table><thead><tr><th>symbol</th><th>programs "
      "print</th><th>meaning</th>"
      "<th>shape or unit</th><th>lesson</th></tr></thead><tbody>\n";
  auto out = std::back_inserter(html);
  for (const Symbol& s : symbols) {
    std::string formula;
    try {
      formula = katex.render(s.tex, false);
    } catch (const InputError& e) {
      throw InputError(fmt::format("{}: {}", notation_path(course), e.what()));
    }
    fmt::format_to(
        out, "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        formula, escape_html(s.plain), escape_html(s.words), escape_html(s.shape),
        lesson_link(course, s.lesson));
  }
  html +=
      "</tbody></table></div>\n<h2 id=\"printed\">What programs print beside their numbers</h2>\n"
      "<div "
      "class=\"scroll\"><table><thead><tr><th>printed</th><th>is</th><th>lesson</th></tr></thead>"
      "<tbody>\n";
  for (std::size_t i = 0; i < reports.size() && i < course.lessons.size(); ++i) {
    std::set<std::string> seen;
    for (const ReportValue& v : reports[i].values) {
      if (v.symbol.empty() || !seen.insert(v.symbol).second) continue;
      fmt::format_to(out, "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
                     escape_html(v.symbol), escape_html(v.what),
                     lesson_link(course, course.lessons[i].id));
    }
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace pupil::course
