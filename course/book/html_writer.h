// A parsed text as HTML: formulas set, code coloured, directives filled in.
#pragma once
#include <string>
#include <vector>

#include "course/book/directives.h"
#include "course/book/katex.h"
#include "course/book/lesson_report.h"
#include "course/book/markdown.h"

namespace pupil::course {

/// What a text may refer to. `lesson` and `report` are null where there are none.
struct PageSource {
  const Course* course = nullptr;
  const Lesson* lesson = nullptr;
  const LessonReport* report = nullptr;
  std::string path;  ///< of the text, for messages
};

/// A heading and what stands below it, for the table of contents and the search.
struct Section {
  std::string id, title, text;
  int level = 0;
};

struct HtmlPage {
  std::string title;  ///< the first heading of level 1; it is not part of `body`
  std::string body;
  std::vector<Section> sections;
};

/// Throws InputError "PATH:LINE: ..." for a formula, a directive or a link that cannot be. Links
/// lead within the book only: it works without a network.
HtmlPage write_html(const MarkdownNode& document, const PageSource& source, Katex& katex);

/// C++ with its comments, words and literals in spans.
std::string highlighted(const std::string& code);

}  // namespace pupil::course
