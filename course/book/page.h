// A page of the book around its text: head, contents, what lesson.toml says, the way on.
#pragma once
#include <string>
#include <vector>

#include "course/book/html_writer.h"
#include "course/course_tree.h"

namespace pupil::course {

/// A finished page in the making.
struct BookPage {
  std::string file;   ///< "04_softmax_cross_entropy.html"
  std::string label;  ///< in the contents: "04 Softmax and cross-entropy"
  std::string title{}, body{};
  std::vector<Section> sections{};
};

/// The whole file: `pages` are all of the book, for the contents and the links to both sides.
std::string page_html(const Course& course, const std::vector<BookPage>& pages, std::size_t which);

/// A lesson: goals, the five steps, its text, exercises, its boundary, the numbers of its program.
/// Throws InputError with file and line.
BookPage lesson_page(const Course& course, const Lesson& lesson, const LessonReport& report,
                     Katex& katex);
/// The first page: lessons and objectives.
BookPage index_page(const Course& course);

/// How all pages look, and the script of the search with what it searches.
std::string book_css();
std::string search_script(const std::vector<BookPage>& pages);

}  // namespace pupil::course
