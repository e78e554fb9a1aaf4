// What tests of the book share: a course of one lesson in a folder of its own, and a report that
// its program might have written.
#pragma once
#include <filesystem>
#include <string>

#include "course/book/html_writer.h"
#include "course/course_tree.h"
#include "nn/file.h"
#include "tests/text_files.h"

namespace pupil::test {

inline constexpr const char* kReport = R"({"lesson": "04", "title": "T", "seed": 0, "items": [
{"kind": "value", "what": "share of rows", "symbol": "m", "value": 0.25, "origin": "cached"},
{"kind": "gate", "what": "worst error", "symbol": "e", "value": 1.25e-15, "bound": "< 1e-12",
 "holds": true, "origin": "now"},
{"kind": "gate", "what": "too much", "symbol": "", "value": 3, "bound": "< 1", "holds": false,
 "origin": "now"},
{"kind": "plot", "title": "loss by step", "x": "step", "y": "loss",
 "curves": [{"name": "a < b", "y": [3, 2, 1]}, {"name": "other", "y": [3, 2.5, 2.25]}]},
{"kind": "table", "title": "by temperature", "columns": ["loss", "entropy"],
 "rows": [{"name": "tau 1", "values": [0.5, 0.75]}]},
{"kind": "sample", "model": "base", "prompt": "what is the city of ada ?", "text": "what is <it>",
 "evidence": "log p(end) = -9"},
{"kind": "say", "text": "a line"}]})";

inline constexpr const char* kText = R"(# A small lesson

The share is {{value share of rows}}, and $z_v$ is a *logit*: $e = {{value worst error}}$.

## Formula & code

$$
L = \log \sum_u e^{z_u} - z_y
$$

{{include theory.cc#loop}}

{{plot loss by step}}

{{table by temperature}}

{{samples base}}

- one `a < b`
- two

| a | b |
|---|--:|
| $x$ | 2 |
)";

/// ROOT with lessons/course.toml, notation.toml and the lesson 04_softmax_cross_entropy.
class SmallCourse {
 public:
  explicit SmallCourse(const std::string& text = kText) {
    const std::string folder = root() + "/lessons/04_softmax_cross_entropy";
    make_folder(folder);
    write_file(root() + "/lessons/course.toml",
               "name = \"small\"\nversion = \"1\"\ntitle = \"A small course\"\n"
               "lessons = [\"04_softmax_cross_entropy\"]\n[[objective]]\nid = \"O03\"\n"
               "text = \"Do it\"\nlesson = \"04\"\n");
    write_file(root() + "/lessons/notation.toml",
               "[[symbol]]\ntex = \"z_v\"\nplain = \"z\"\nwords = \"logit\"\nlesson = \"04\"\n");
    write_file(
        folder + "/lesson.toml",
        "id = \"04\"\ntitle = \"A small lesson\"\nminutes = 5\ngoals = [\"see it\"]\n"
        "prerequisites = [\"03\"]\nboundary = [\"Nothing else.\"]\n[steps]\nbehaviour = \"b\"\n"
        "variable = \"v\"\nexamples = [\"e\"]\nnon_examples = [\"n\"]\nrule = \"x < y\"\n"
        "metric = \"m\"\n");
    write_file(folder + "/reading.md", text);
    write_file(folder + "/theory.cc",
               "int main() {\n  // anchor: loop\n  for (int i = 0; i < 3; ++i) {  // three\n    "
               "f(\"<\");\n"
               "  }\n\n  return 0;\n}\n");
    report = course::read_report(files.write("report.json", kReport));
    course = course::read_course(root());
  }
  std::string root() const { return files.path() + "/course"; }
  const course::Lesson& lesson() const { return course.lessons[0]; }
  course::PageSource source() const {
    return {&course, &lesson(), &report, lesson().folder + "/reading.md"};
  }
  /// A text of this lesson as HTML.
  std::string html(const std::string& text) const {
    course::Katex katex;
    const course::PageSource from = source();
    return write_html(course::parse_markdown(text, "reading.md"),
                      {from.course, from.lesson, from.report, "reading.md"}, katex)
        .body;
  }

  TemporaryFolder files;
  course::Course course;
  course::LessonReport report;
};

}  // namespace pupil::test
