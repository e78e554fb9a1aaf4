// From Markdown to pages: formulas, directives, what is refused and where.
#include "cli/report/html.h"
#include "tests/book_fixture.h"

namespace pupil::course {
namespace {

using test::SmallCourse;

int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(BookText, EveryFormulaIsSetWithItsMathMlBeside) {
  const std::string html = SmallCourse().html("One $a_1$, two $$b^2$$, and in a list:\n\n- $c$\n");
  EXPECT_EQ(count(html, "class=\"katex\""), 3);
  EXPECT_EQ(count(html, "<math"), 3);
  EXPECT_EQ(count(html, "class=\"katex-display\""), 1);
  EXPECT_EQ(html.find('$'), html.npos);
}

TEST(BookText, BrokenTexStopsWithFileAndLine) {
  const SmallCourse course;
  expect_contains(input_error([&] { course.html("# T\n\nfine $a$\nbroken $\\frac{a}$\n"); }),
                  "reading.md:4: formula $\\frac{a}$");
  expect_contains(input_error([&] { course.html("text\n\n$$\nx = \\nosuchcommand\n$$\n"); }),
                  "reading.md:4: formula");
}

TEST(BookText, AFormulaInLettersThatTexDoesNotKnowIsRefused) {
  expect_contains(input_error([] { SmallCourse().html("$\u00e9$\n"); }), "reading.md:1: formula");
}

TEST(BookText, ADollarThatOpensNoFormulaIsRefusedWithItsLine) {
  const SmallCourse course;
  expect_contains(input_error([&] { course.html("one\n\ntwo $x\n\nthree$\n"); }),
                  "reading.md:3: a $");
  EXPECT_NE(course.html("it costs \\$5\n").find("it costs $5"), std::string::npos);
}

TEST(BookText, AValueIsTheProgramsNumberInProseAndInFormulas) {
  const std::string html =
      SmallCourse().html("Share {{value share of rows}}: $e = {{value worst error}}$.\n");
  expect_contains(html, "title=\"share of rows (cached model)\">0.25</span>");
  expect_contains(html, "e = 1.25 \\cdot 10^{-15}");  // in the formula's annotation
}

TEST(BookText, AValueThatNoProgramShowsIsRefusedWithTheNearest) {
  expect_contains(
      input_error([] { SmallCourse().html("a\nb {{value share of row}}\n"); }),
      "reading.md:2: the lesson's program shows no number \"share of row\"; did you mean "
      "share of rows");
}

TEST(BookText, AnUnknownDirectiveIsRefused) {
  const SmallCourse course;
  expect_contains(input_error([&] { course.html("{{picture x}}\n"); }), "reading.md:1: {{picture");
  expect_contains(input_error([&] { course.html("in a line {{plot loss by step}}\n"); }),
                  "reading.md:1: {{");
}

TEST(BookText, CodeComesFromTheFileByItsAnchorUpToTheBlankLine) {
  const std::string html = SmallCourse().html("{{include theory.cc#loop}}\n");
  expect_contains(html,
                  "<pre><code><span class=\"word\">for</span> (<span class=\"word\">int</span> i");
  expect_contains(html, "<span class=\"comment\">// three</span>");
  expect_contains(html, "<span class=\"string\">&quot;&lt;&quot;</span>");
  EXPECT_EQ(html.find("anchor"), html.npos);
  EXPECT_EQ(html.find("return"), html.npos);
}

TEST(BookText, AnIncludeThatIsNotThereOrHoldsSolutionsIsRefused) {
  const SmallCourse course;
  const auto error = [&](const char* what) {
    return input_error([&] { course.html(std::string("{{include ") + what + "}}\n"); });
  };
  expect_contains(error("theory.cc#nothing"), "no lines behind a comment \"anchor: nothing\"");
  expect_contains(error("nothing.cc#a"), "no such file");
  expect_contains(error("../../../etc/passwd#a"), "without ..");
  expect_contains(error("exercises/04a_x/exercise.cc#a"), "holds solutions");
}

TEST(BookText, ALinkOutOfTheBookIsRefused) {
  expect_contains(input_error([] { SmallCourse().html("see\n[it](https://example.org)\n"); }),
                  "reading.md:2: a link to https://example.org");
  expect_contains(SmallCourse().html("[it](notation.html#printed)\n"),
                  "<a href=\"notation.html#printed\">it</a>");
}

TEST(BookText, HtmlInATextIsText) {
  const std::string html = SmallCourse().html("<script>alert(1)</script> & <b>\n");
  EXPECT_EQ(html.find("<script"), html.npos);
  expect_contains(html, "&lt;script&gt;");
  expect_contains(html, "&amp;");
}

TEST(BookText, ColouringCodeChangesNoLetter) {
  const std::string code = "auto s = \"a\\\"b\"; // end\nif (x < 1.5e3f) return 'c'; \"open\n";
  std::string html = highlighted(code), plain;
  for (std::size_t i = 0; i < html.size(); ++i) {
    if (html[i] == '<') {
      i = html.find('>', i);
    } else {
      plain += html[i];
    }
  }
  EXPECT_EQ(plain, cli::escape_html(code));
}

TEST(BookText, TwoHeadingsOfOneNameHaveTwoAddresses) {
  const std::string html = SmallCourse().html("## Same\n\na\n\n## Same\n");
  expect_contains(html, "id=\"same\"");
  expect_contains(html, "id=\"same-2\"");
}

TEST(BookText, APlotHasAPictureANameAndItsNumbers) {
  const std::string html = SmallCourse().html("{{plot loss by step}}\n");
  for (const char* part : {"<svg", "<title>loss by step</title>",
                           "a &lt; b: from 3 to 1 over 3 points", "<details>", "<td>2.5</td>"}) {
    expect_contains(html, part);
  }
}

}  // namespace
}  // namespace pupil::course
