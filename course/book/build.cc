#include "course/book/build.h"

#include <fmt/format.h>

#include "course/book/katex.h"
#include "course/book/notation.h"
#include "course/book/page.h"
#include "nn/file.h"

namespace pupil::course {
namespace {

BookPage notation_page(const Course& course, const std::vector<LessonReport>& reports,
                       Katex& katex) {
  BookPage page{.file = "notation.html", .label = "Notation", .title = "Notation"};
  const std::vector<Symbol> symbols = read_notation(course);
  page.body =
      "<h1>Notation</h1>\n<p>One symbol, one meaning, in every text and beside every number that a "
      "program prints.</p>\n" +
      notation_html(course, symbols, reports, katex);
  Section all{"top", "Notation", "", 1};
  for (const Symbol& s : symbols) all.text += s.plain + " " + s.words + " ";
  page.sections = {all, {"printed", "What programs print beside their numbers", "", 2}};
  return page;
}

}  // namespace

Book build_book(const Course& course, const std::string& folder,
                const std::function<void(const std::string&)>& say) {
  Katex katex;
  std::vector<LessonReport> reports;
  for (const Lesson& lesson : course.lessons) reports.push_back(report_of(lesson, say));
  std::vector<BookPage> pages = {index_page(course)};
  for (std::size_t i = 0; i < course.lessons.size(); ++i) {
    pages.push_back(lesson_page(course, course.lessons[i], reports[i], katex));
  }
  pages.push_back(notation_page(course, reports, katex));

  Book book{.folder = folder, .pages = std::int64_t(pages.size())};
  make_folder(folder + "/assets");
  Katex::write_assets(folder + "/assets");
  write_file(folder + "/assets/book.css", book_css());
  write_file(folder + "/assets/search.js", search_script(pages));
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const std::string html = page_html(course, pages, i);
    book.bytes += std::int64_t(html.size());
    write_file(folder + "/" + pages[i].file, html);
  }
  return book;
}

}  // namespace pupil::course
