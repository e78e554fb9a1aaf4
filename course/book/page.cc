#include "course/book/page.h"

#include <fmt/format.h>

#include <iterator>

#include "cli/report/html.h"

namespace pupil::course {
namespace {

using cli::escape_html;

std::string contents(const std::vector<BookPage>& pages, std::size_t which) {
  std::string html = "<ol>\n";
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const BookPage& page = pages[i];
    html += fmt::format("<li><a href=\"{}\"{}>{}</a>", page.file,
                        i == which ? " aria-current=\"page\"" : "", escape_html(page.label));
    if (i == which) {
      html += "<ol>";
      for (const Section& s : page.sections) {
        if (s.level != 2) continue;
        html += fmt::format("<li><a href=\"#{}\">{}</a></li>", s.id, escape_html(s.title));
      }
      html += "</ol>";
    }
    html += "</li>\n";
  }
  return html + "</ol>\n";
}

std::string way_on(const std::vector<BookPage>& pages, std::size_t which) {
  std::string html = "<nav class=\"way\" aria-label=\"before and next\">";
  if (which > 0) {
    html += fmt::format("<a rel=\"prev\" href=\"{}\">\u2190 {}</a>", pages[which - 1].file,
                        escape_html(pages[which - 1].label));
  }
  if (which + 1 < pages.size()) {
    html += fmt::format("<a rel=\"next\" href=\"{}\">{} \u2192</a>", pages[which + 1].file,
                        escape_html(pages[which + 1].label));
  }
  return html + "</nav>\n";
}

}  // namespace

std::string page_html(const Course& course, const std::vector<BookPage>& pages, std::size_t which) {
  const BookPage& page = pages[which];
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{0}</title>\n"
      "<link rel=\"stylesheet\" href=\"assets/katex.css\">\n"
      "<link rel=\"stylesheet\" href=\"assets/book.css\">\n"
      "<script src=\"assets/search.js\" defer></script>\n</head>\n<body id=\"top\">\n"
      "<a class=\"skip\" href=\"#contents\">Contents</a>\n"
      "<main>\n{1}{2}</main>\n"
      "<nav class=\"contents\" id=\"contents\" aria-label=\"contents\">\n"
      "<p class=\"course\"><a href=\"index.html\">{3}</a></p>\n"
      "<input type=\"search\" id=\"search\" placeholder=\"Search\" aria-label=\"Search the book\" "
      "hidden>\n"
      "<ul id=\"found\" aria-live=\"polite\" hidden></ul>\n{4}</nav>\n</body>\n</html>\n",
      escape_html(page.title == course.title ? page.title : page.title + " \u00b7 " + course.title),
      page.body, way_on(pages, which), escape_html(course.title), contents(pages, which));
}

BookPage index_page(const Course& course) {
  BookPage page{.file = "index.html", .label = "Overview", .title = course.title};
  std::string& html = page.body;
  auto out = std::back_inserter(html);
  fmt::format_to(out, "<h1>{}</h1>\n", escape_html(course.title));
  html +=
      "<p>Every lesson pairs a text with a program that measures its claims. The numbers on these "
      "pages "
      "come from those programs, run on the machine that made the book; the code on them is the "
      "code "
      "that ran.</p>\n<h2 id=\"lessons\">Lessons</h2>\n<ol class=\"lessons\">\n";
  for (const Lesson& l : course.lessons) {
    fmt::format_to(out,
                   "<li><a href=\"{}.html\"><span class=\"number\">{}</span> {}</a>"
                   "<p>{}</p></li>\n",
                   l.name, escape_html(l.id), escape_html(l.title), escape_html(l.behaviour));
  }
  html +=
      "</ol>\n<h2 id=\"objectives\">What you can do afterwards</h2>\n<ol class=\"objectives\">\n";
  for (const Objective& o : course.objectives) {
    bool here = false;
    std::string file;
    for (const Lesson& l : course.lessons) {
      if (l.id == o.lesson) here = true, file = l.name + ".html";
    }
    fmt::format_to(out, "<li id=\"{}\">{} <span class=\"note\">{} {}</span></li>\n",
                   escape_html(o.id), escape_html(o.text), escape_html(o.id),
                   here ? fmt::format("<a href=\"{}\">lesson {}</a>", file, o.lesson)
                        : "lesson " + escape_html(o.lesson));
  }
  html += "</ol>\n";
  page.sections = {{"top", course.title, "", 1},
                   {"lessons", "Lessons", "", 2},
                   {"objectives", "What you can do afterwards", "", 2}};
  return page;
}

}  // namespace pupil::course
