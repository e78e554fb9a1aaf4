// What a text takes from elsewhere instead of having it typed:
//
//   {{value WHAT}}            within a line or a formula: the number that the lesson shows as WHAT
//   {{include FILE#NAME}}     alone in its paragraph: the lines behind `anchor: NAME` in a file of
//   the
//                             lesson (or of the project), up to the next blank line
//   {{plot TITLE}}            a plot of the lesson's report
//   {{table TITLE}}           a table of it
//   {{samples MODEL}}         what this model wrote
#pragma once
#include <functional>
#include <string>

#include "course/book/lesson_report.h"
#include "course/book/markdown.h"
#include "course/course_tree.h"

namespace pupil::course {

struct Directive {
  std::string name, argument;
};

/// The directive that a paragraph consists of; an empty name when it is an ordinary paragraph.
Directive directive_of(const MarkdownNode& paragraph);

/// `text` with every {{value WHAT}} replaced by what `show` makes of it. Throws InputError where }}
/// is missing.
std::string replace_values(const std::string& text,
                           const std::function<std::string(const std::string& what)>& show);

/// The lines behind an anchor, with the indentation that they share removed. Throws InputError: no
/// such file or anchor, a path that leads elsewhere, a file with solutions.
std::string included_code(const Course& course, const Lesson& lesson, const std::string& argument);

}  // namespace pupil::course
