// Markdown (CommonMark with tables and $formulas$) as a tree. Both outputs walk it: pages of the
// book, and text on a terminal. Raw HTML is text here: a page holds what we wrote.
#pragma once
#include <string>
#include <vector>

namespace pupil::course {

struct MarkdownNode {
  enum class Kind {
    kDocument,
    kHeading,
    kParagraph,
    kQuote,
    kList,
    kItem,
    kRule,
    kCodeBlock,
    kTable,
    kRow,
    kHeaderCell,
    kCell,  // blocks
    kText,
    kCode,
    kEmphasis,
    kStrong,
    kLink,
    kSoftBreak,
    kHardBreak,
    kMath,
    kDisplayMath  // within a line
  };
  Kind kind = Kind::kDocument;
  int line = 0;        ///< of the source, from 1; where its first text stands
  std::string text{};  ///< of texts, code and formulas; a link's address
  std::string info{};  ///< a code block's language; a cell's "left", "center" or "right"
  int number = 0;      ///< a heading's level; an ordered list's first number, 0: bullets
  std::vector<MarkdownNode> children{};
};

/// Throws InputError with `path` and line: a $ that opens no formula (write \$ for the sign), an
/// image (pictures come from programs, see directives.h).
MarkdownNode parse_markdown(const std::string& text, const std::string& path);

/// All text below a node, formulas as their source: for ids, titles and the search.
std::string plain_text(const MarkdownNode& node);

}  // namespace pupil::course
