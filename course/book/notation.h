// The one page of notation: lessons/notation.toml lists every symbol of texts and programs.
#pragma once
#include <string>
#include <vector>

#include "course/book/katex.h"
#include "course/book/lesson_report.h"
#include "course/course_tree.h"

namespace pupil::course {

struct Symbol {
  std::string tex;     ///< as texts show it
  std::string plain;   ///< as programs print it
  std::string words;   ///< what it is
  std::string shape;   ///< shape or unit; may be empty
  std::string lesson;  ///< where it is explained
};

/// Throws InputError with file and line: a key that is missing, a symbol that stands there twice.
std::vector<Symbol> read_notation(const Course& course);

/// The tables of the page: the symbols, and what each lesson's program prints beside its numbers.
/// Throws InputError for broken TeX.
std::string notation_html(const Course& course, const std::vector<Symbol>& symbols,
                          const std::vector<LessonReport>& reports, Katex& katex);

}  // namespace pupil::course
