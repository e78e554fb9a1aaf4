// C++ in colours: comments, strings, numbers and words of the language. Enough for an excerpt that
// is read; it never changes a letter.
#include <cctype>
#include <set>

#include "cli/report/html.h"
#include "course/book/html_writer.h"

namespace pupil::course {
namespace {

const std::set<std::string, std::less<>> kWords = {
    "auto",     "bool",     "break",  "case",   "char",      "class",   "const",    "constexpr",
    "continue", "do",       "double", "else",   "enum",      "false",   "float",    "for",
    "if",       "inline",   "int",    "long",   "namespace", "nullptr", "operator", "return",
    "sizeof",   "static",   "struct", "switch", "template",  "throw",   "true",     "try",
    "typename", "unsigned", "using",  "void",   "while"};

bool word_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// The end of a string or character that begins at `at`.
std::size_t end_of_quote(const std::string& code, std::size_t at) {
  const char quote = code[at];
  for (++at; at < code.size() && code[at] != quote && code[at] != '\n'; ++at) {
    if (code[at] == '\\') ++at;
  }
  return std::min(at + 1, code.size());
}

}  // namespace

std::string highlighted(const std::string& code) {
  std::string html;
  const auto span = [&](const char* kind, const std::string& text) {
    html += std::string("<span class=\"") + kind + "\">" + cli::escape_html(text) + "</span>";
  };
  for (std::size_t at = 0; at < code.size();) {
    std::size_t end = at + 1;
    if (code.compare(at, 2, "//") == 0) {
      end = std::min(code.find('\n', at), code.size());
      span("comment", code.substr(at, end - at));
    } else if (code[at] == '"' || code[at] == '\'') {
      end = end_of_quote(code, at);
      span("string", code.substr(at, end - at));
    } else if (std::isdigit(static_cast<unsigned char>(code[at]))) {
      while (end < code.size() && (word_letter(code[end]) || code[end] == '.')) ++end;
      span("number", code.substr(at, end - at));
    } else if (word_letter(code[at])) {
      while (end < code.size() && word_letter(code[end])) ++end;
      const std::string word = code.substr(at, end - at);
      if (kWords.contains(word)) {
        span("word", word);
      } else {
        html += word;
      }
    } else {
      html += cli::escape_html(code.substr(at, 1));
    }
    at = end;
  }
  return html;
}

}  // namespace pupil::course
