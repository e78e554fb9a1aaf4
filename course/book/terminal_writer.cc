#include "course/book/terminal_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "course/book/plain_math.h"
#include "course/verdict.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using Kind = MarkdownNode::Kind;

class Writer {
 public:
  Writer(const PageSource& source, const TerminalStyle& style) : source_(source), style_(style) {}

  std::string all(const MarkdownNode& document) {
    for (const MarkdownNode& child : document.children) block(child, 0);
    return std::move(out_);
  }

 private:
  void line(const std::string& text) { out_ += text + "\n"; }
  void blank() {
    if (!out_.empty() && !out_.ends_with("\n\n")) out_ += "\n";
  }

  // A paragraph, all of its lines indented.
  void paragraph(const std::string& text, int indent, const std::string& first = "") {
    const std::string lead = std::string(std::size_t(indent) - first.size(), ' ') + first;
    std::size_t begin = std::min(text.find_first_not_of('\n'), text.size());
    bool is_first = true;
    while (is_first || begin < text.size()) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      // wrap() keeps the blanks in front of a text; the sign of a list stands in their place.
      std::string wrapped =
          wrap(std::string(std::size_t(indent), ' ') + text.substr(begin, end - begin),
               style_.width, indent);
      if (is_first && !first.empty()) wrapped.replace(0, lead.size(), lead);
      line(wrapped);
      is_first = false;
      begin = end + 1;
    }
  }

  void block(const MarkdownNode& node, int indent) {
    switch (node.kind) {
      case Kind::kHeading:
        heading(node);
        break;
      case Kind::kList:
        list(node, indent);
        break;
      case Kind::kQuote:
        for (const MarkdownNode& child : node.children) block(child, indent + 2);
        break;
      case Kind::kRule:
        blank();
        line(std::string(std::size_t(style_.width), '-'));
        break;
      case Kind::kCodeBlock:
        blank();
        code(node.text, indent + 4);
        break;
      case Kind::kTable:
        blank();
        table(node, indent);
        break;
      default: {
        blank();
        const Directive d = node.kind == Kind::kParagraph ? directive_of(node) : Directive{};
        if (d.name.empty()) {
          paragraph(inlines(node), indent);
        } else {
          directive(d, node.line);
        }
      }
    }
  }

  void heading(const MarkdownNode& node) {
    blank();
    const std::string title = for_terminal(inlines(node));
    if (style_.colours) {
      line("\x1b[1m" + title + "\x1b[0m");
    } else {
      line(wrap(title, style_.width, 0));
      line(std::string(std::min(title.size(), std::size_t(style_.width)),
                       node.number == 1 ? '=' : '-'));
    }
  }

  void list(const MarkdownNode& node, int indent) {
    blank();
    int number = node.number;
    for (const MarkdownNode& item : node.children) {
      const std::string sign = number == 0 ? "- " : fmt::format("{}. ", number++);
      const int inner = indent + int(sign.size());
      std::string text;
      std::size_t i = 0;
      for (; i < item.children.size(); ++i) {
        const MarkdownNode& child = item.children[i];
        if (child.kind == Kind::kParagraph && text.empty()) {
          text = inlines(child);
        } else if (child.kind > Kind::kCell) {
          text += inline_text(child);
        } else {
          break;
        }
      }
      paragraph(text, inner, sign);
      for (; i < item.children.size(); ++i) block(item.children[i], inner);
    }
  }

  // At a blank, else in the middle of a word: a fold loses no letter.
  void code(const std::string& text, int indent) {
    const std::string lead(std::size_t(indent), ' ');
    const std::size_t most = std::size_t(std::max(style_.width - indent, 20));
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      std::string rest = text.substr(begin, end - begin), more;
      const std::size_t own = std::min(rest.find_first_not_of(' '), most / 2);
      while (more.size() + rest.size() > most) {
        const std::size_t room = most - more.size();
        const std::size_t space = rest.rfind(' ', room - 1);
        const bool at_blank = space != rest.npos && rest.find_first_not_of(' ') < space;
        const std::size_t cut = at_blank ? space + 1 : room;
        line(lead + more + rest.substr(0, at_blank ? space : cut));
        rest = rest.substr(cut);
        more = std::string(own + 4, ' ');
      }
      line(lead + more + rest);
      begin = end + 1;
    }
  }

  void directive(const Directive& d, int at) {
    try {
      if (d.name == "include") {
        code(included_code(*source_.course, *source_.lesson, d.argument), 4);
        paragraph("(" + d.argument.substr(0, d.argument.find('#')) + ")", 4);
      } else if (d.name == "samples") {
        samples(d.argument);
      } else if (d.name == "plot" || d.name == "table") {
        picture(d);
      } else {
        throw InputError(fmt::format("{{{{{} ...}}}} is unknown", d.name));
      }
    } catch (const InputError& e) {
      throw InputError(fmt::format("{}:{}: {}", source_.path, at, e.what()));
    }
  }

  std::string how_to_see() const {
    return fmt::format("./pupil lesson {}", source_.lesson ? source_.lesson->id : "NN");
  }

  void samples(const std::string& model) {
    if (!source_.report) return paragraph(fmt::format("[texts of {}: {}]", model, how_to_see()), 0);
    for (const ReportSample& s : source_.report->samples) {
      if (s.model == model) paragraph(s.prompt + " -> " + s.text, 6, "- ");
    }
  }

  void picture(const Directive& d) {
    if (!source_.report || d.name == "plot") {
      return paragraph(fmt::format("[{}: {}, or ./pupil book]", d.argument, how_to_see()), 0);
    }
    const ReportTable& t = source_.report->table(d.argument);
    paragraph(t.title + ":", 4);
    for (const auto& [name, values] : t.rows) {
      std::string row = name + ": ";
      for (std::size_t i = 0; i < values.size() && i < t.columns.size(); ++i) {
        row += fmt::format("{}{} {}", i ? ", " : "", t.columns[i], value_text(values[i]));
      }
      paragraph(row, 6, "- ");
    }
  }

  // Cell by cell where the columns do not fit.
  void table(const MarkdownNode& node, int indent) {
    std::vector<std::size_t> widths;
    for (const MarkdownNode& row : node.children) {
      widths.resize(std::max(widths.size(), row.children.size()));
      for (std::size_t i = 0; i < row.children.size(); ++i) {
        widths[i] = std::max(widths[i], for_terminal(inlines(row.children[i])).size());
      }
    }
    std::size_t whole = std::size_t(indent);
    for (const std::size_t w : widths) whole += w + 2;
    for (const MarkdownNode& row : node.children) {
      std::string text(std::size_t(indent), ' ');
      for (std::size_t i = 0; i < row.children.size(); ++i) {
        const std::string cell = for_terminal(inlines(row.children[i]));
        if (whole > std::size_t(style_.width)) {
          text += (i ? " | " : "") + cell;
        } else {
          text += i + 1 < row.children.size() ? fmt::format("{:<{}}  ", cell, widths[i]) : cell;
        }
      }
      whole > std::size_t(style_.width) ? paragraph(text, indent) : line(text);
    }
  }

  std::string inlines(const MarkdownNode& node) {
    std::string text;
    for (const MarkdownNode& child : node.children) text += inline_text(child);
    return for_terminal(text);
  }

  std::string inline_text(const MarkdownNode& node) {
    switch (node.kind) {
      case Kind::kText:
        return with_values(node);
      case Kind::kCode:
        return "`" + node.text + "`";
      case Kind::kSoftBreak:
        return " ";
      case Kind::kHardBreak:
        return "\n";
      case Kind::kMath:
        return plain_math(with_values(node));
      case Kind::kDisplayMath:
        return "\n    " + plain_math(with_values(node)) + "\n";
      default:
        return inlines(node);
    }
  }

  std::string with_values(const MarkdownNode& node) const {
    try {
      return replace_values(node.text, [&](const std::string& what) {
        if (!source_.report) return fmt::format("[{}: {}]", what, how_to_see());
        return value_text(source_.report->value(what).value);
      });
    } catch (const InputError& e) {
      throw InputError(fmt::format("{}:{}: {}", source_.path, node.line, e.what()));
    }
  }

  const PageSource& source_;
  TerminalStyle style_;
  std::string out_;
};

}  // namespace

std::string write_terminal(const MarkdownNode& document, const PageSource& source,
                           const TerminalStyle& style) {
  return Writer(source, style).all(document);
}

}  // namespace pupil::course
