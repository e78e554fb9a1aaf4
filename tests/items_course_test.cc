// The items of this course: what issue and style ask of every lesson.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "course/book/katex.h"
#include "course/book/markdown.h"
#include "course/book/notation.h"
#include "course/items/deck.h"
#include "course/items/item.h"
#include "nn/file.h"
#include "tests/command.h"

namespace pupil::course {
namespace {

Course this_course() { return read_course(PUPIL_SOURCE_DIR); }

void collect_formulas(const MarkdownNode& node, std::vector<std::string>& formulas) {
  if (node.kind == MarkdownNode::Kind::kMath || node.kind == MarkdownNode::Kind::kDisplayMath) {
    formulas.push_back(std::regex_replace(node.text, std::regex("\\{\\{value [^}]*\\}\\}"), "1"));
  }
  for (const MarkdownNode& child : node.children) collect_formulas(child, formulas);
}

TEST(CourseItems, EveryOptionOfEveryQuizHasItsReasonAndEveryWrongOneItsMisconception) {
  const Course course = this_course();
  int options = 0;
  for (const Lesson& lesson : course.lessons) {
    SCOPED_TRACE(lesson.name);
    const ItemSet set = read_quiz(course, lesson);  // throws on a missing one
    EXPECT_GE(set.items.size(), 5u);
    for (const Item& item : set.items) {
      for (const Option& o : item.options) {
        ++options;
        EXPECT_FALSE(o.why.empty()) << item.id;
        EXPECT_TRUE(o.right || !o.refuted_by.empty())
            << item.id << ": no number refutes " << o.text;
      }
    }
  }
  EXPECT_GT(options, 20);
}

TEST(CourseItems, EverySkillCheckHasFourQuestions) {
  const Course course = this_course();
  for (const Lesson& lesson : course.lessons) {
    const ItemSet set = read_quiz(course, lesson);
    EXPECT_EQ(
        std::count_if(set.items.begin(), set.items.end(), [](const Item& i) { return i.skill; }), 4)
        << lesson.name;
  }
}

TEST(CourseItems, EveryLessonHasCardsAndTheirIdsAreItsOwn) {
  const Course course = this_course();
  const std::vector<Card> cards = read_cards(course);
  for (const Lesson& lesson : course.lessons) {
    EXPECT_GE(std::count_if(cards.begin(), cards.end(),
                            [&](const Card& c) { return c.lesson == lesson.id; }),
              7)
        << lesson.name;
  }
}

TEST(CourseItems, EveryFormulaOfTextsCardsAndNotationIsTexThatKatexTakes) {
  const Course course = this_course();
  Katex katex;
  std::vector<std::string> formulas;
  for (const Lesson& lesson : course.lessons) {
    const std::string path = lesson.folder + "/reading.md";
    collect_formulas(parse_markdown(read_file(path), path), formulas);
  }
  for (const Card& card : read_cards(course)) {
    collect_formulas(parse_markdown(card.front + "\n\n" + card.back, card.id), formulas);
  }
  for (const Symbol& symbol : read_notation(course)) formulas.push_back(symbol.tex);
  for (const std::string& tex : formulas) {
    EXPECT_EQ(input_error([&] { katex.render(tex, false); }), "no error");
  }
  EXPECT_GT(formulas.size(), 30u);
}

TEST(ItemCommands, APipedQuizIsPlainAsciiWithAllReasons) {
  SKIP_WITHOUT_PROGRAM();
  const TemporaryFolder work;
  const std::string dir = " --dir '" + work.path() + "'";
  const test::Ran ran = test::run_shell(
      "(yes a | head -9; yes 1 | head -3; yes a | head -9; yes 1 | head -3; yes "
      "a | head -9) | LANG=C LC_ALL=C '" +
          test::program() + "' quiz 04 --plain" + dir,
      PUPIL_SOURCE_DIR);
  EXPECT_TRUE(ran.status == 0 || ran.status == 1) << ran.err;
  EXPECT_EQ(ran.out.find('\x1b'), ran.out.npos);
  EXPECT_EQ(ran.out.find('\r'), ran.out.npos);
  for (const char c : ran.out) ASSERT_LT(static_cast<unsigned char>(c), 128);
  expect_contains(ran.out, "The belief behind it");
  expect_contains(ran.out, "Score: ");
  EXPECT_TRUE(file_exists(work.path() + "/.pupil/results/04-quiz.json"));
}

TEST(ItemCommands, AnUnfinishedQuizEndsWithOneAndAnUnknownLessonWithTwo) {
  SKIP_WITHOUT_PROGRAM();
  const TemporaryFolder work;
  const test::Surroundings here{.folder = PUPIL_SOURCE_DIR};
  EXPECT_EQ(test::run_pupil({"quiz", "04", "--dir", work.path()}, here).status, 1);
  const test::Ran unknown = test::run_pupil({"quiz", "77", "--dir", work.path()}, here);
  EXPECT_EQ(unknown.status, 2);
  expect_contains(unknown.err, "there is no lesson \"77\"");
}

TEST(ItemCommands, NotesStayInTheStudentsFolderAndGrow) {
  SKIP_WITHOUT_PROGRAM();
  const TemporaryFolder work;
  const test::Surroundings here{.folder = PUPIL_SOURCE_DIR};
  const auto add = [&](const char* text) {
    return test::run_pupil({"notes", "04", "--add", text, "--dir", work.path()}, here);
  };
  EXPECT_EQ(add("first thought").status, 0);
  const test::Ran ran = add("second thought");
  expect_contains(ran.out, "first thought\nsecond thought");
  EXPECT_EQ(std::filesystem::status(work.path() + "/notes").permissions() &
                std::filesystem::perms::others_all,
            std::filesystem::perms::none);
}

TEST(ItemCommands, CardsAreKeptBetweenRunsAndExportedWithTabs) {
  SKIP_WITHOUT_PROGRAM();
  const TemporaryFolder work;
  const auto cards = [&](const std::vector<std::string>& more, const std::string& input) {
    std::vector<std::string> words = {"cards", "--dir", work.path()};
    words.insert(words.end(), more.begin(), more.end());
    return test::run_pupil(words, {.input = input, .folder = PUPIL_SOURCE_DIR});
  };
  expect_contains(cards({"--on", "2026-03-01"}, "\n3\n\n3\n").out,
                  "2 of 5 done; tomorrow 2 are due.");
  expect_contains(cards({"--on", "2026-03-02", "--new", "0"}, "\n3\n\n1\n\n4\n").out,
                  "2 of 2 done");
  EXPECT_EQ(cards({"--on", "2026-02-30"}, "").status, 2);
  EXPECT_EQ(cards({"--export", work.path() + "/deck.tsv"}, "").status, 0);
  const std::vector<std::string> lines = test::lines_of(read_file(work.path() + "/deck.tsv"));
  EXPECT_GE(lines.size(), 16u);
  for (const std::string& line : lines)
    EXPECT_EQ(std::count(line.begin(), line.end(), '\t'), 2) << line;
}

}  // namespace
}  // namespace pupil::course
