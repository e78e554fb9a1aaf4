// The whole book of a small course: what is written, and that nothing in it leads outside.
#include <cstdlib>
#include <regex>

#include "course/book/build.h"
#include "course/book/lesson_report.h"
#include "course/book/plain_math.h"
#include "course/book/terminal_writer.h"
#include "tests/book_fixture.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;
using test::SmallCourse;

// Programs are not run: their reports lie in the cache already.
class BookBuild : public ::testing::Test {
 protected:
  BookBuild() {
    ::setenv("PUPIL_CACHE", small.files.path().c_str(), 1);
    if (!file_exists(program_folder() + "/lessons/" + small.lesson().name)) return;
    ready_ = true;
    write_file(report_path(small.lesson()), test::kReport);
  }
  void SetUp() override {
    if (!ready_) GTEST_SKIP() << "the program of lesson 04 is not built";
  }
  Book build() const {
    return build_book(small.course, out(), [](const std::string&) {});
  }
  std::string out() const { return small.files.path() + "/book"; }
  std::string page(const std::string& name) const { return read_file(out() + "/" + name); }

  SmallCourse small;

 private:
  bool ready_ = false;
};

TEST_F(BookBuild, HasAPageForEachLessonAnOverviewAndTheNotation) {
  EXPECT_EQ(build().pages, 3);
  expect_contains(page("index.html"), "href=\"04_softmax_cross_entropy.html\"");
  const std::string lesson = page("04_softmax_cross_entropy.html");
  for (const char* part :
       {"What this lesson does not do", "Nothing else.", "In five steps", "x &lt; y",
        "DOES NOT HOLD", "cached", "./pupil lesson 04", "aria-current=\"page\""}) {
    expect_contains(lesson, part);
  }
  expect_contains(page("notation.html"), "logit");
  expect_contains(page("notation.html"), "<code>e</code>");  // printed by the program
}

TEST_F(BookBuild, NothingInItLeadsOutOfItsFolder) {
  build();
  int files = 0, links = 0;
  for (const auto& entry : fs::recursive_directory_iterator(out())) {
    const std::string kind = entry.path().extension();
    if (kind != ".html" && kind != ".css" && kind != ".js") continue;
    ++files;
    const std::string text = read_file(entry.path());
    EXPECT_FALSE(std::regex_search(text, std::regex("(https?|ftp|wss?):|@import"))) << entry.path();
    const std::regex link("(?:href|src)=\"([^\"]*)\"|url\\(['\"]?([^)'\"]*)");
    for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it) {
      std::string target = (*it)[1].matched ? (*it)[1] : (*it)[2];
      target = target.substr(0, target.find('#'));
      ++links;
      if (target.empty()) continue;
      EXPECT_FALSE(target.starts_with("/")) << target;
      EXPECT_TRUE(fs::exists(entry.path().parent_path() / target))
          << entry.path() << ": " << target;
    }
  }
  EXPECT_GE(files, 6);
  EXPECT_GE(links, 40);
}

TEST_F(BookBuild, LinksWithinPagesMeetTheirAnchors) {
  build();
  for (const char* name : {"index.html", "04_softmax_cross_entropy.html", "notation.html"}) {
    const std::string text = page(name);
    const std::regex link("href=\"#([^\"]+)\"");
    for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it) {
      expect_contains(text, "id=\"" + (*it)[1].str() + "\"");
    }
  }
}

TEST_F(BookBuild, BrokenTexWritesNothing) {
  build();
  const std::string before = page("index.html");
  fs::remove_all(out());
  write_file(small.lesson().folder + "/reading.md", "# T\n\n$\\frac$\n");
  expect_contains(input_error([&] { build(); }), "reading.md:3: formula");
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(BookBuild, TheSearchHoldsEverySectionAndEndsNoScript) {
  build();
  const std::string script = read_file(out() + "/assets/search.js");
  expect_contains(script, "\"formula-code\"");
  expect_contains(script, "logit");
}

TEST_F(BookBuild, ATerminalOf60ColumnsGetsAllOfItInAscii) {
  const PageSource source = small.source();
  const std::string text =
      write_terminal(parse_markdown(test::kText, source.path), source, {.width = 60});
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    EXPECT_LE(end - begin, 60u) << text.substr(begin, end - begin);
    begin = end + 1;
  }
  EXPECT_EQ(text.find('\x1b'), text.npos);
  for (const char* part :
       {"The share is 0.25", "z_v is a logit", "e = 1.25e-15", "L = log sum_u e^(z_u) - z_y",
        "for (int i = 0; i < 3; ++i) {", "tau 1: loss 0.5, entropy 0.75", "- two"}) {
    expect_contains(text, part);
  }
}

TEST(PlainMath, FormulasReadAsOneTypesThem) {
  EXPECT_EQ(plain_math("\\frac{\\partial L}{\\partial z_v} = p_v - [v = y]"),
            "dL/dz_v = p_v - [v = y]");
  EXPECT_EQ(plain_math("m = \\max_u z_u"), "m = max_u z_u");
  EXPECT_EQ(plain_math("-z / \\tau^2"), "-z / tau^2");
  EXPECT_EQ(plain_math("\\mathrm{KL}(q \\,\\|\\, p) \\ge 0"), "KL(q || p) >= 0");
  EXPECT_EQ(plain_math("\\frac{a + b}{c}"), "(a + b)/c");
  EXPECT_EQ(plain_math("\\langle J^{\\mathsf T} g, \\; u \\rangle"), "<J^T g, u>");
  EXPECT_EQ(plain_math("h = \\varepsilon^{1/3}"), "h = eps^(1/3)");
  EXPECT_EQ(plain_formulas("costs \\$5, $x_{<t}$ and $a"), "costs $5, x_(<t) and $a");
}

TEST(PlainMath, LettersBeyondAsciiHaveAnAsciiForm) {
  EXPECT_EQ(to_ascii("\u201cp \u2264 \u03c4\u201d \u2013 \u0416"), "\"p <= tau\" - U+0416");
  EXPECT_EQ(to_ascii(std::string("broken \xc3")), "broken U+00C3");
}

TEST(ValueText, WholeNumbersKeepAllTheirDigits) {
  EXPECT_EQ(value_text(254976), "254976");
  EXPECT_EQ(value_text(0), "0");
  EXPECT_EQ(value_text(0.70833), "0.7083");
}

// A line of code is folded, and its letters stay.
TEST(TerminalText, FoldedCodeLosesNoLetter) {
  const SmallCourse small;
  const std::string code(150, 'x');
  const std::string text = write_terminal(
      parse_markdown("```\nint a = b; " + code + "\n```\n", "t.md"), small.source(), {.width = 60});
  std::string letters;
  for (const char c : text) {
    if (c != ' ' && c != '\n') letters += c;
  }
  EXPECT_EQ(letters, "inta=b;" + code);
}

}  // namespace
}  // namespace pupil::course
