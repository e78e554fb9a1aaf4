#include "course/book/html_writer.h"

#include <fmt/format.h>

#include <iterator>
#include <set>

#include "cli/report/html.h"
#include "course/book/figures.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using cli::escape_html;
using Kind = MarkdownNode::Kind;

// "The form that survives" -> "the-form-that-survives"
std::string slug(const std::string& title) {
  std::string id;
  for (const char c : title) {
    const auto letter = static_cast<unsigned char>(c);
    if (std::isalnum(letter)) {
      id += char(std::tolower(letter));
    } else if (!id.empty() && id.back() != '-') {
      id += '-';
    }
  }
  while (id.ends_with('-')) id.pop_back();
  return id.empty() ? "section" : id;
}

class Writer {
 public:
  Writer(const PageSource& source, Katex& katex) : source_(source), katex_(katex) {}

  HtmlPage page(const MarkdownNode& document) {
    for (const MarkdownNode& child : document.children) {
      if (child.kind == Kind::kHeading && child.number == 1 && page_.title.empty()) {
        page_.title = plain_text(child);
        page_.sections.push_back({"top", page_.title, "", 1});
        continue;
      }
      block(child);
      if (child.kind != Kind::kHeading && !page_.sections.empty()) {
        page_.sections.back().text += plain_text(child) + " ";
      }
    }
    return std::move(page_);
  }

 private:
  void put(const std::string& html) { page_.body += html; }

  void block(const MarkdownNode& node) {
    switch (node.kind) {
      case Kind::kHeading:
        heading(node);
        break;
      case Kind::kParagraph:
        paragraph(node);
        break;
      case Kind::kQuote:
        wrapped("blockquote", node);
        break;
      case Kind::kList:
        put(node.number == 0 ? "<ul>\n" : fmt::format("<ol start=\"{}\">\n", node.number));
        for (const MarkdownNode& item : node.children) wrapped("li", item);
        put(node.number == 0 ? "</ul>\n" : "</ol>\n");
        break;
      case Kind::kRule:
        put("<hr>\n");
        break;
      case Kind::kCodeBlock:
        code(node.text, node.info);
        break;
      case Kind::kTable:
        table(node);
        break;
      default:
        inlines(node);
        break;
    }
  }

  void wrapped(const char* tag, const MarkdownNode& node) {
    put(fmt::format("<{}>", tag));
    for (const MarkdownNode& child : node.children) {
      child.kind <= Kind::kCell ? block(child) : put(inline_html(child));
    }
    put(fmt::format("</{}>\n", tag));
  }

  void heading(const MarkdownNode& node) {
    const std::string title = plain_text(node), base = slug(title);
    std::string id = base;
    for (int n = 2; !ids_.insert(id).second; ++n) id = fmt::format("{}-{}", base, n);
    page_.sections.push_back({id, title, "", node.number});
    put(fmt::format("<h{0} id=\"{1}\">{2}</h{0}>\n", node.number, id, inline_children(node)));
  }

  void paragraph(const MarkdownNode& node) {
    const Directive directive = directive_of(node);
    if (directive.name.empty()) {
      put("<p>");
      inlines(node);
      put("</p>\n");
      return;
    }
    located(node.line, [&] { put(directive_html(directive)); });
  }

  std::string directive_html(const Directive& d) {
    if (d.name == "include") {
      const std::string name = d.argument.substr(0, d.argument.find('#'));
      return fmt::format(
          "<figure class=\"code\"><pre><code>{}</code></pre><figcaption>{}</figcaption>"
          "</figure>\n",
          highlighted(included_code(*source_.course, lesson(), d.argument)), escape_html(name));
    }
    if (d.name == "plot") return plot_figure(report().plot(d.argument));
    if (d.name == "table") return table_figure(report().table(d.argument));
    if (d.name == "samples") return samples_figure(report(), d.argument);
    throw InputError(
        fmt::format("{{{{{} ...}}}} is unknown; there are value, include, plot, table and "
                    "samples",
                    d.name));
  }

  void code(const std::string& text, const std::string& language) {
    put(fmt::format("<pre><code>{}</code></pre>\n",
                    language == "cpp" ? highlighted(text) : escape_html(text)));
  }

  void table(const MarkdownNode& node) {
    put("<div class=\"scroll\"><table>\n");
    for (const MarkdownNode& row : node.children) {
      put("<tr>");
      for (const MarkdownNode& cell : row.children) {
        const char* tag = cell.kind == Kind::kHeaderCell ? "th" : "td";
        put(fmt::format("<{0} class=\"{1}\">{2}</{0}>", tag, cell.info, inline_children(cell)));
      }
      put("</tr>\n");
    }
    put("</table></div>\n");
  }

  void inlines(const MarkdownNode& node) { put(inline_children(node)); }
  std::string inline_children(const MarkdownNode& node) {
    std::string html;
    for (const MarkdownNode& child : node.children) html += inline_html(child);
    return html;
  }

  std::string inline_html(const MarkdownNode& node) {
    switch (node.kind) {
      case Kind::kText:
        return text(node);
      case Kind::kCode:
        return "<code>" + escape_html(node.text) + "</code>";
      case Kind::kEmphasis:
        return "<em>" + inline_children(node) + "</em>";
      case Kind::kStrong:
        return "<strong>" + inline_children(node) + "</strong>";
      case Kind::kLink:
        return link(node);
      case Kind::kSoftBreak:
        return "\n";
      case Kind::kHardBreak:
        return "<br>\n";
      case Kind::kMath:
        return formula(node, false);
      case Kind::kDisplayMath:
        return formula(node, true);
      default:
        return inline_children(node);
    }
  }

  // Values first stand as \1 NUMBER \2, so that what surrounds them can be escaped as a whole.
  std::string text(const MarkdownNode& node) {
    std::vector<std::string> values;
    std::string html;
    located(node.line, [&] {
      html = replace_values(node.text, [&](const std::string& what) {
        const ReportValue& v = report().value(what);
        values.push_back(fmt::format("<span class=\"value\" title=\"{} ({})\">{}</span>",
                                     escape_html(what), v.cached ? "cached model" : "measured now",
                                     value_html(v.value)));
        return std::string("\1\2");
      });
      if (html.find("{{") != html.npos) {
        throw InputError(
            "{{ begins no directive here: {{value WHAT}} stands within a line, the others "
            "alone in a paragraph");
      }
    });
    html = escape_html(html);
    for (const std::string& v : values) html.replace(html.find("\1\2"), 2, v);
    return html;
  }

  std::string link(const MarkdownNode& node) {
    const std::string& to = node.text;
    if (to.find(':') != to.npos || to.starts_with("//")) {
      located(node.line, [&] {
        throw InputError(
            fmt::format("a link to {}: the book works without a network; name the source "
                        "in words",
                        to));
      });
    }
    return fmt::format("<a href=\"{}\">{}</a>", escape_html(to), inline_children(node));
  }

  std::string formula(const MarkdownNode& node, bool display) {
    std::string html;
    located(node.line, [&] {
      const std::string tex = replace_values(node.text, [&](const std::string& what) {
        return value_tex(report().value(what).value);
      });
      html = katex_.render(tex, display);
    });
    return html;
  }

  const Lesson& lesson() const {
    if (!source_.lesson)
      throw InputError("this page belongs to no lesson, so it can include nothing");
    return *source_.lesson;
  }
  const LessonReport& report() const {
    if (!source_.report) throw InputError("this page has no lesson's program to take numbers from");
    return *source_.report;
  }

  // Errors inside get file and line.
  template <class Action>
  void located(int line, Action action) const {
    try {
      action();
    } catch (const InputError& e) {
      throw InputError(fmt::format("{}:{}: {}", source_.path, line, e.what()));
    }
  }

  const PageSource& source_;
  Katex& katex_;
  HtmlPage page_;
  std::set<std::string> ids_ = {"top"};
};

}  // namespace

HtmlPage write_html(const MarkdownNode& document, const PageSource& source, Katex& katex) {
  return Writer(source, katex).page(document);
}

}  // namespace pupil::course
