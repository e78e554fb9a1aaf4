#include "course/book/markdown.h"

#include <fmt/format.h>
#include <md4c.h>

#include <algorithm>
#include <optional>

#include "tensor/error.h"

namespace pupil::course {
namespace {

using Kind = MarkdownNode::Kind;

std::string attribute(const MD_ATTRIBUTE& a) { return {a.text, a.size}; }

// Collects the parser's events in a tree. md4c hands out pieces of the source itself, which is how
// a node knows its line.
class TreeBuilder {
 public:
  TreeBuilder(const std::string& source, const std::string& path) : source_(source), path_(path) {
    open_.push_back({});
  }

  MarkdownNode finish() { return std::move(open_.front()); }

  void enter_block(MD_BLOCKTYPE type, void* detail) {
    if (type == MD_BLOCK_DOC || type == MD_BLOCK_THEAD || type == MD_BLOCK_TBODY) return;
    MarkdownNode node{.kind = block_kind(type)};
    if (type == MD_BLOCK_H) node.number = int(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level);
    if (type == MD_BLOCK_OL) node.number = int(static_cast<MD_BLOCK_OL_DETAIL*>(detail)->start);
    if (type == MD_BLOCK_CODE) {
      node.info = attribute(static_cast<MD_BLOCK_CODE_DETAIL*>(detail)->lang);
    }
    if (type == MD_BLOCK_TH || type == MD_BLOCK_TD) {
      const MD_ALIGN align = static_cast<MD_BLOCK_TD_DETAIL*>(detail)->align;
      node.info = align == MD_ALIGN_RIGHT ? "right" : align == MD_ALIGN_CENTER ? "center" : "left";
    }
    open_.push_back(std::move(node));
  }

  void leave_block(MD_BLOCKTYPE type) {
    if (type == MD_BLOCK_DOC || type == MD_BLOCK_THEAD || type == MD_BLOCK_TBODY) return;
    close();
  }

  void enter_span(MD_SPANTYPE type, void* detail) {
    if (type == MD_SPAN_IMG) {
      fail(line_, "an image; pictures come from the lesson's program: {{plot TITLE}}");
    }
    MarkdownNode node{.kind = span_kind(type)};
    if (type == MD_SPAN_A) node.text = attribute(static_cast<MD_SPAN_A_DETAIL*>(detail)->href);
    open_.push_back(std::move(node));
  }

  void leave_span() { close(); }

  void text(MD_TEXTTYPE type, const char* piece, std::size_t size) {
    const bool ours = piece >= source_.data() && piece < source_.data() + source_.size();
    if (ours) line_ = 1 + int(std::count(source_.data(), piece, '\n'));
    const std::string text(piece, size);
    MarkdownNode& top = open_.back();
    if (top.line == 0) top.line = line_;
    if (top.kind == Kind::kMath || top.kind == Kind::kDisplayMath || top.kind == Kind::kCode ||
        top.kind == Kind::kCodeBlock) {
      top.text += type == MD_TEXT_SOFTBR ? "\n" : text;
      return;
    }
    if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR) {
      add({.kind = type == MD_TEXT_BR ? Kind::kHardBreak : Kind::kSoftBreak, .line = line_});
      return;
    }
    const bool escaped = ours && piece > source_.data() && piece[-1] == '\\';
    if (const std::size_t at = text.find('$'); at != text.npos && !(at == 0 && escaped)) {
      fail(line_,
           "a $ that opens no formula (a formula begins and ends beside its text, without a "
           "blank line in between); write \\$ for the sign");
    }
    if (!top.children.empty() && top.children.back().kind == Kind::kText) {
      top.children.back().text += text;
    } else {
      add({.kind = Kind::kText, .line = line_, .text = text});
    }
  }

  /// The error of a callback; exceptions must not cross the parser, which is C.
  std::optional<std::string> error;

 private:
  static Kind block_kind(MD_BLOCKTYPE type) {
    switch (type) {
      case MD_BLOCK_H:
        return Kind::kHeading;
      case MD_BLOCK_QUOTE:
        return Kind::kQuote;
      case MD_BLOCK_UL:
      case MD_BLOCK_OL:
        return Kind::kList;
      case MD_BLOCK_LI:
        return Kind::kItem;
      case MD_BLOCK_HR:
        return Kind::kRule;
      case MD_BLOCK_CODE:
        return Kind::kCodeBlock;
      case MD_BLOCK_TABLE:
        return Kind::kTable;
      case MD_BLOCK_TR:
        return Kind::kRow;
      case MD_BLOCK_TH:
        return Kind::kHeaderCell;
      case MD_BLOCK_TD:
        return Kind::kCell;
      default:
        return Kind::kParagraph;
    }
  }
  static Kind span_kind(MD_SPANTYPE type) {
    switch (type) {
      case MD_SPAN_STRONG:
        return Kind::kStrong;
      case MD_SPAN_A:
        return Kind::kLink;
      case MD_SPAN_CODE:
        return Kind::kCode;
      case MD_SPAN_LATEXMATH:
        return Kind::kMath;
      case MD_SPAN_LATEXMATH_DISPLAY:
        return Kind::kDisplayMath;
      default:
        return Kind::kEmphasis;
    }
  }

  void add(MarkdownNode node) { open_.back().children.push_back(std::move(node)); }
  void close() {
    MarkdownNode node = std::move(open_.back());
    open_.pop_back();
    if (node.line == 0) node.line = node.children.empty() ? line_ : node.children.front().line;
    if (open_.back().line == 0) open_.back().line = node.line;
    add(std::move(node));
  }
  [[noreturn]] void fail(int line, const std::string& message) const {
    throw InputError(fmt::format("{}:{}: {}", path_, std::max(line, 1), message));
  }

  const std::string& source_;
  const std::string& path_;
  std::vector<MarkdownNode> open_;
  int line_ = 0;  // of the last piece
};

// Runs one event; -1 stops the parser.
template <class Event>
int guarded(void* user, Event event) {
  TreeBuilder& builder = *static_cast<TreeBuilder*>(user);
  try {
    event(builder);
    return 0;
  } catch (const InputError& e) {
    builder.error = e.what();
    return -1;
  }
}

}  // namespace

MarkdownNode parse_markdown(const std::string& text, const std::string& path) {
  TreeBuilder builder(text, path);
  MD_PARSER parser{};
  parser.flags = MD_FLAG_TABLES | MD_FLAG_LATEXMATHSPANS | MD_FLAG_NOHTML;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* user) {
    return guarded(user, [&](TreeBuilder& b) { b.enter_block(type, detail); });
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* user) {
    return guarded(user, [&](TreeBuilder& b) { b.leave_block(type); });
  };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* user) {
    return guarded(user, [&](TreeBuilder& b) { b.enter_span(type, detail); });
  };
  parser.leave_span = [](MD_SPANTYPE, void*, void* user) {
    return guarded(user, [&](TreeBuilder& b) { b.leave_span(); });
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* piece, MD_SIZE size, void* user) {
    return guarded(user, [&](TreeBuilder& b) { b.text(type, piece, size); });
  };
  const int status = md_parse(text.data(), MD_SIZE(text.size()), &parser, &builder);
  if (builder.error) throw InputError(*builder.error);
  if (status != 0) throw InputError(fmt::format("{}: cannot be parsed as Markdown", path));
  return builder.finish();
}

std::string plain_text(const MarkdownNode& node) {
  switch (node.kind) {
    case Kind::kText:
    case Kind::kCode:
    case Kind::kCodeBlock:
    case Kind::kMath:
    case Kind::kDisplayMath:
      return node.text;
    case Kind::kSoftBreak:
    case Kind::kHardBreak:
      return " ";
    default:
      break;
  }
  const bool blocks =
      node.kind <= Kind::kCell && node.kind != Kind::kHeading && node.kind != Kind::kParagraph;
  std::string all;
  for (const MarkdownNode& child : node.children) {
    all += plain_text(child);
    if (blocks) all += ' ';
  }
  return all;
}

}  // namespace pupil::course
