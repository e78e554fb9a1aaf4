#include "course/book/directives.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \n"), end = text.find_last_not_of(" \n");
  return begin == text.npos ? "" : text.substr(begin, end - begin + 1);
}

std::string file_of(const Course& course, const Lesson& lesson, const std::string& name) {
  if (name.starts_with("/") || name.find("..") != name.npos) {
    throw InputError(
        fmt::format("include {}: a path from the lesson's folder or the project's root, "
                    "without ..",
                    name));
  }
  // Marked sources hold solutions.
  if (name.ends_with("exercise.cc") || name.ends_with("checks.cc")) {
    throw InputError(fmt::format("include {}: this file holds solutions or checks", name));
  }
  for (const std::string& folder : {lesson.folder, course.root}) {
    if (file_exists(folder + "/" + name)) return folder + "/" + name;
  }
  throw InputError(
      fmt::format("include {}: no such file in {} or {}", name, lesson.folder, course.root));
}

}  // namespace

Directive directive_of(const MarkdownNode& paragraph) {
  if (paragraph.children.size() != 1 || paragraph.children[0].kind != MarkdownNode::Kind::kText) {
    return {};
  }
  const std::string text = trimmed(paragraph.children[0].text);
  if (!text.starts_with("{{") || text.find("}}") != text.size() - 2) return {};
  const std::string inner = trimmed(text.substr(2, text.size() - 4));
  const std::size_t space = std::min(inner.find(' '), inner.size());
  const std::string name = inner.substr(0, space);
  return name == "value" ? Directive{} : Directive{name, trimmed(inner.substr(space))};
}

std::string replace_values(const std::string& text,
                           const std::function<std::string(const std::string& what)>& show) {
  const std::string begin = "{{value ";
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = text.find(begin); at != text.npos; at = text.find(begin, done)) {
    const std::size_t end = text.find("}}", at);
    if (end == text.npos) throw InputError("{{value ...: }} is missing on the same line");
    out += text.substr(done, at - done);
    out += show(trimmed(text.substr(at + begin.size(), end - at - begin.size())));
    done = end + 2;
  }
  return out + text.substr(done);
}

std::string included_code(const Course& course, const Lesson& lesson, const std::string& argument) {
  const std::size_t sign = argument.find('#');
  if (sign == argument.npos || sign + 1 == argument.size()) {
    throw InputError(fmt::format("include {}: expected FILE#ANCHOR", argument));
  }
  const std::string name = argument.substr(0, sign),
                    anchor = "anchor: " + argument.substr(sign + 1);
  std::istringstream source(read_file(file_of(course, lesson, name)));
  std::vector<std::string> lines;
  bool inside = false;
  std::size_t shared = std::string::npos;
  for (std::string line; std::getline(source, line);) {
    const std::string text = trimmed(line);
    if (inside && text.empty()) break;
    if (inside) {
      lines.push_back(line);
      shared = std::min(shared, line.find_first_not_of(' '));
    }
    if (text.ends_with(anchor)) inside = true;
  }
  if (lines.empty()) {
    throw InputError(fmt::format("include {}: no lines behind a comment \"{}\"", argument, anchor));
  }
  std::string code;
  for (const std::string& line : lines) code += line.substr(shared) + "\n";
  return code;
}

}  // namespace pupil::course
