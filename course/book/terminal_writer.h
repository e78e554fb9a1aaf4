// A parsed text for a terminal: lines of at most `width` columns, formulas as one types them.
#pragma once
#include <string>

#include "course/book/html_writer.h"

namespace pupil::course {

struct TerminalStyle {
  int width = 80;
  bool colours = false;  ///< bold headings; without them, headings are underlined
};

/// Numbers come from `source.report`; without one, their place says how to get them. Longer lines
/// of code are folded, never cut. Throws InputError "PATH:LINE: ..." for a directive that cannot
/// be.
std::string write_terminal(const MarkdownNode& document, const PageSource& source,
                           const TerminalStyle& style);

}  // namespace pupil::course
