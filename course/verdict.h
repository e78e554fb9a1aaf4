// What a student reads after a check: one block of text, from results.json alone.
#pragma once
#include <string>

#include "course/course_tree.h"
#include "course/results.h"

namespace pupil::course {

struct VerdictStyle {
  bool colours = false;  ///< never the only sign: words say PASS and FAIL
  int width = 80;        ///< columns; lines are broken, never cut
};

std::string verdict_text(const Exercise& exercise, const Results& results, const std::string& file,
                         const VerdictStyle& style);

/// `text` in lines of at most `width` columns, later ones indented by `indent`; words longer than a
/// line stay whole.
std::string wrap(const std::string& text, int width, int indent);

/// Text of a page: lines of a paragraph are joined and broken anew; headings, lists, tables and
/// indented lines stay.
std::string flow(const std::string& text, int width);

/// The columns of the terminal, 60 to 100; 80 where there is none.
int terminal_width();

}  // namespace pupil::course
