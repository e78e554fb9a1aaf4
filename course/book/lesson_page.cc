// A lesson's page: what lesson.toml says stands around the text of reading.md.
#include <fmt/format.h>

#include <iterator>

#include "cli/report/html.h"
#include "course/book/figures.h"
#include "course/book/page.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using cli::escape_html;

std::string list(const std::vector<std::string>& items) {
  std::string html = "<ul>\n";
  for (const std::string& item : items) html += "<li>" + escape_html(item) + "</li>\n";
  return html + "</ul>\n";
}

std::string joined(const std::vector<std::string>& items) {
  std::string html;
  for (const std::string& item : items) html += "<p>" + escape_html(item) + "</p>";
  return html;
}

std::string head(const Lesson& l) {
  std::string html =
      fmt::format("<p class=\"kicker\">Lesson {} \u00b7 {} minutes", escape_html(l.id), l.minutes);
  if (!l.prerequisites.empty()) html += " \u00b7 after";
  for (std::size_t i = 0; i < l.prerequisites.size(); ++i) {
    html += (i ? ", " : " ") + escape_html(l.prerequisites[i]);
  }
  return html +
         fmt::format("</p>\n<h1>{}</h1>\n<div class=\"goals\"><p>Afterwards you can:</p>{}</div>\n",
                     escape_html(l.title), list(l.goals));
}

// The worked reasoning that every lesson ends in.
std::string five_steps(const Lesson& l) {
  return fmt::format(
      "<h2 id=\"five-steps\">In five steps</h2>\n<dl "
      "class=\"steps\">\n<dt>Behaviour</dt><dd>{}</dd>\n"
      "<dt>Variable</dt><dd>{}</dd>\n<dt>Examples</dt><dd>{}</dd>\n<dt>Not "
      "examples</dt><dd>{}</dd>\n"
      "<dt>Loss or rule</dt><dd><code>{}</code></dd>\n<dt>Must not get "
      "worse</dt><dd>{}</dd>\n</dl>\n",
      escape_html(l.behaviour), escape_html(l.variable), joined(l.examples), joined(l.non_examples),
      escape_html(l.rule), escape_html(l.metric));
}

std::string practice(const Lesson& l) {
  std::string html = "<h2 id=\"practice\">Practice</h2>\n<div class=\"scroll\"><table><tbody>\n";
  auto out = std::back_inserter(html);
  const auto line = [&](const std::string& command, const std::string& what) {
    fmt::format_to(out, "<tr><td><code>./pupil {}</code></td><td>{}</td></tr>\n", command, what);
  };
  line("lesson " + l.id, "runs this lesson's program");
  for (const Exercise& e : l.exercises) {
    line("learn " + e.id, fmt::format("{} ({} points)", escape_html(e.title), e.max_points(false)));
  }
  for (const char* form : {"quiz", "match", "classify"}) {
    if (!file_exists(fmt::format("{}/{}.toml", l.folder, form))) continue;
    line(fmt::format("{} {}", form, l.id), "questions, each option with its reason");
  }
  if (file_exists(l.folder + "/cards.toml")) line("cards", "what is due today");
  line("notes " + l.id, "your own words, which stay on your machine");
  return html + "</tbody></table></div>\n";
}

}  // namespace

BookPage lesson_page(const Course& course, const Lesson& lesson, const LessonReport& report,
                     Katex& katex) {
  const PageSource source{&course, &lesson, &report, lesson.folder + "/reading.md"};
  HtmlPage text = write_html(parse_markdown(read_file(source.path), source.path), source, katex);
  BookPage page{.file = lesson.name + ".html",
                .label = lesson.id + " " + lesson.title,
                .title = lesson.title};
  page.sections = std::move(text.sections);
  if (page.sections.empty() || page.sections[0].level != 1) {
    throw InputError(
        fmt::format("{}:1: a text begins with its title: # {}", source.path, lesson.title));
  }
  page.sections.push_back(
      {"five-steps", "In five steps", lesson.behaviour + " " + lesson.variable, 2});
  page.sections.push_back({"practice", "Practice", "", 2});
  page.body = head(lesson) + text.body + five_steps(lesson) + practice(lesson);
  if (!lesson.boundary.empty()) {
    page.body +=
        "<aside class=\"boundary\"><h2 id=\"boundary\">What this lesson does not do</h2>\n" +
        list(lesson.boundary) + "</aside>\n";
  }
  page.body += fmt::format(
      "<details class=\"measured\"><summary>Every number that the program of this "
      "lesson measured</summary>\n{}</details>\n",
      numbers_table(report));
  return page;
}

}  // namespace pupil::course
