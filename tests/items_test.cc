// Items: what a file must say, what an answer is worth, and that every reason is shown.
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "course/items/deck.h"
#include "course/items/item_runner.h"
#include "tests/book_fixture.h"

namespace pupil::course {
namespace {

using test::SmallCourse;
using Kind = Item::Kind;

Item single() {
  Item item{.kind = Kind::kSingle, .id = "04-q1", .objective = "O03", .question = "Which?"};
  item.options = {{"first", "because one", true},
                  {"second", "because two", false, "belief two", "share of rows"},
                  {"third", "because three", false, "belief three"}};
  return item;
}

Item match() {
  Item item{.kind = Kind::kMatch, .id = "04-m1", .objective = "O03", .question = "What belongs?"};
  item.pairs = {{"one", "1", "why one"}, {"two", "2", "why two"}, {"", "3", "why three"}};
  return item;
}

Item classify() {
  Item item{.kind = Kind::kClassify, .id = "04-k1", .objective = "O03", .question = "Who?\ntext"};
  item.labels = {{"b", "base", "the base model", "x"}, {"s", "sft", "the tuned model", "y"}};
  item.reasons = {{"q", "it asks on", "b"}};
  item.label = "s";
  item.why = "it ends";
  return item;
}

// The letter under which this student sees an option or a right side.
std::string letter_of(const Shown& s, std::size_t which) {
  const auto at = std::find(s.order.begin(), s.order.end(), which) - s.order.begin();
  return std::string(1, char('a' + at));
}

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

TEST(Items, AnAnswerCountsWhereverItsOptionIsShown) {
  const Item item = single();
  std::set<std::string> letters;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Shown s = shown(item, seed);
    letters.insert(letter_of(s, 0));
    EXPECT_TRUE(grade(s, letter_of(s, 0)).right);
    EXPECT_FALSE(grade(s, letter_of(s, 1)).right);
  }
  EXPECT_EQ(letters.size(), 3u) << "the right option must not always stand at one place";
}

TEST(Items, AWrongOptionNamesItsMisconception) {
  const Item item = single();
  const Shown s = shown(item, 1);
  const Graded g = grade(s, letter_of(s, 1));
  EXPECT_EQ(g.key, "belief two");
  EXPECT_EQ(g.sentence, "because two");
}

TEST(Items, EveryOptionShowsItsReasonAndTheNumberThatRefutesIt) {
  const SmallCourse course;
  const Item item = single();
  const Shown s = shown(item, 1);
  const std::string text = joined(rationale_lines(s, "a", &course.report));
  for (const char* part : {"because one", "because two", "because three", "belief two",
                           "belief three", "share of rows = 0.25", "yours"}) {
    expect_contains(text, part);
  }
}

TEST(Items, SeveralRightOptionsAreAllNeededAndNoOther) {
  Item item = single();
  item.kind = Kind::kMultiple;
  item.options[1].right = true;
  const Shown s = shown(item, 3);
  const std::string a = letter_of(s, 0), b = letter_of(s, 1), c = letter_of(s, 2);
  EXPECT_TRUE(grade(s, b + " " + a).right);
  EXPECT_TRUE(grade(s, a + b).right);
  EXPECT_FALSE(grade(s, a).right);
  EXPECT_FALSE(grade(s, a + b + c).right);
  EXPECT_DOUBLE_EQ(grade(s, a).share, 2.0 / 3);
}

TEST(Items, ANumberCountsWithinItsTolerance) {
  Item item{.kind = Kind::kNumeric, .id = "04-q2", .objective = "O03", .question = "How much?"};
  item.answer = 0.3133;
  item.tolerance = 0.002;
  const Shown s = shown(item, 0);
  EXPECT_TRUE(grade(s, "0.3153").right);
  EXPECT_TRUE(grade(s, "3.133e-1").right);
  EXPECT_FALSE(grade(s, "0.3154").right);
  EXPECT_FALSE(grade(s, "-0.3133").right);
}

TEST(Items, EachPairCountsOnItsOwn) {
  const Item item = match();
  const Shown s = shown(item, 5);
  const std::string one = "1" + letter_of(s, 0), two = "2" + letter_of(s, 1),
                    none = "2" + letter_of(s, 2);
  EXPECT_TRUE(grade(s, two + " " + one).right);
  EXPECT_DOUBLE_EQ(grade(s, one + "," + none).share, 0.5);
  const std::string text = joined(rationale_lines(s, one + " " + none, nullptr));
  for (const char* part : {"why one", "why two", "why three", "wrong; yours: 3"})
    expect_contains(text, part);
}

TEST(Items, AClassifierSaysHowSureItIsAndWhy) {
  const Item item = classify();
  const Shown s = shown(item, 0);
  EXPECT_TRUE(grade(s, "s 80 q").right);
  EXPECT_DOUBLE_EQ(grade(s, "s 80").confidence, 0.8);
  EXPECT_FALSE(grade(s, "?").right);
  EXPECT_LT(grade(s, "?").confidence, 0);
  EXPECT_EQ(grade(s, "b").key, "sft taken for base");
  expect_contains(joined(rationale_lines(s, "s 80 q", nullptr)),
                  "speaks for the base model, which is not what you chose");
}

TEST(Items, WhatIsNoAnswerIsRefusedWithWhatWasExpected) {
  const Item one = single(), pairs = match(), texts = classify();
  Item number{.kind = Kind::kNumeric, .id = "04-q2"};
  for (const char* typed : {"", "d", "1", "ab", "a b"}) {
    expect_contains(complaint(shown(one, 0), typed), "one letter, a to c");
  }
  for (const char* typed : {"", "1a", "1a 1b", "3a 1b", "a1 b2", "1d 2a"}) {
    expect_contains(complaint(shown(pairs, 0), typed), "a letter for each of 1 to 2");
  }
  for (const char* typed : {"", "x", "0.5x", "nan", "1 2", "inf"}) {
    expect_contains(complaint(shown(number, 0), typed), "a number");
  }
  for (const char* typed : {"", "x", "b 30", "b 101", "b x", "b 80 80"}) {
    expect_contains(complaint(shown(texts, 0), typed), "b (the base model)");
  }
  EXPECT_EQ(complaint(shown(one, 0), "A"), "");
}

// ---- files --------------------------------------------------------------------------------------

const std::string kItem =
    "[[item]]\nid = \"04-q1\"\nkind = \"single\"\nobjective = \"O03\"\nquestion = \"Q\"\n";
const std::string kRight = "[[item.option]]\ntext = \"r\"\nright = true\nwhy = \"w\"\n";
const std::string kWrong = "[[item.option]]\ntext = \"f\"\nwhy = \"w\"\nmisconception = \"m\"\n";

TEST(ItemFiles, EveryRuleForAuthorsIsAnErrorWithItsLine) {
  const SmallCourse small;
  const auto error = [&](const std::string& text) {
    write_file(small.lesson().folder + "/quiz.toml", text);
    return input_error([&] { read_quiz(small.course, small.lesson()); });
  };
  EXPECT_EQ(error(kItem + kRight + kWrong), "no error");
  expect_contains(error(kItem + kRight + "[[item.option]]\ntext = \"f\"\nwhy = \"w\"\n"),
                  "quiz.toml:10: \"misconception\" is missing");
  expect_contains(error(kItem + kRight + "[[item.option]]\ntext = \"f\"\nmisconception = \"m\"\n"),
                  "\"why\" is missing");
  expect_contains(error(kItem + kWrong + kWrong), "0 of them are right");
  expect_contains(error(kItem + kRight + kRight), "2 of them are right");
  expect_contains(error(kItem + kRight), "must stand 2 to 9 times");
  expect_contains(error(kItem + kRight + kWrong + kItem + kRight + kWrong), "stands here twice");
  expect_contains(
      error("[[item]]\nid = \"05-q1\"\nkind = \"numeric\"\nobjective = \"O03\"\nquestion = "
            "\"Q\"\nanswer = 1\ntolerance = 0\nwhy = \"w\"\n"),
      "must begin with 04-");
  expect_contains(
      error("[[item]]\nid = \"04-q1\"\nkind = \"single\"\nobjective = \"O99\"\nquestion = \"Q\"\n"),
      "quiz.toml:4: \"objective\" is \"O99\"");
  expect_contains(error(kItem + "hint = \"h\"\n" + kRight + kWrong),
                  "quiz.toml:6: \"hint\" is not known");
  expect_contains(error(""), "must stand at least once");
}

TEST(ItemFiles, ClassifyTakesItsTextsFromTheProgramAsManyOfEachModel) {
  SmallCourse small;
  LessonReport report = small.report;
  report.samples.clear();
  for (int i = 0; i < 8; ++i) {
    report.samples.push_back({"base", "p" + std::to_string(i), "t", "e"});
    report.samples.push_back({"sft", "p" + std::to_string(i), "u", ""});
  }
  const std::string labels =
      "[[label]]\nkey = \"b\"\nmodel = \"base\"\ntext = \"B\"\nwhy = \"wb\"\n"
      "[[label]]\nkey = \"s\"\nmodel = \"sft\"\ntext = \"S\"\nwhy = \"ws\"\n";
  const std::string head = "question = \"Who?\"\nobjective = \"O03\"\ncount = 6\n";
  write_file(
      small.lesson().folder + "/classify.toml",
      head + labels + "[[item]]\nid = \"04-k1\"\ntext = \"tricky\"\nlabel = \"s\"\nwhy = \"w\"\n");
  const ItemSet one = read_classify(small.course, small.lesson(), report, 1);
  ASSERT_EQ(one.items.size(), 7u);
  int base = 0;
  for (const Item& item : one.items) base += item.label == "b";
  EXPECT_EQ(base, 3);
  const ItemSet two = read_classify(small.course, small.lesson(), report, 2);
  std::string first, second;
  for (const Item& item : one.items) first += item.question;
  for (const Item& item : two.items) second += item.question;
  EXPECT_NE(first, second) << "another seed draws other texts";
  report.samples.resize(4);
  expect_contains(input_error([&] { read_classify(small.course, small.lesson(), report, 1); }),
                  "asks for 3 different texts of base; the lesson's program wrote 2");
}

// ---- the runner ---------------------------------------------------------------------------------

class ItemRunner : public ::testing::Test {
 protected:
  ItemRunner() : folder(small.course, small.files.path() + "/work") {
    set = {"04-quiz", "A small lesson", "sha", {single(), match()}};
    write_file(small.lesson().folder + "/quiz.toml", kItem + kRight + kWrong);
  }
  Results run(const std::string& typed) {
    std::istringstream in(typed);
    std::ostringstream out;
    Console console(in, out, 60, false);
    const Results results = run_items(small.course, folder, set, {}, console);
    said = out.str();
    return results;
  }
  // The right answers of attempt `n`.
  std::string right(int n, std::size_t item) const {
    const Shown s = shown(set.items[item], std::uint64_t(n));
    return item == 0 ? letter_of(s, 0) + "\n"
                     : "1" + letter_of(s, 0) + " 2" + letter_of(s, 1) + "\n";
  }

  SmallCourse small;
  WorkFolder folder;
  ItemSet set;
  std::string said;
};

TEST_F(ItemRunner, AllRightIsAPassAndAllReasonsAreShown) {
  const Results r = run(right(1, 0) + right(1, 1));
  EXPECT_EQ(r.status, Status::kPass);
  EXPECT_EQ(r.points, 2);
  for (const char* part :
       {"because one", "because two", "because three", "why one", "why three", "Score: 2 of 2"}) {
    expect_contains(said, part);
  }
}

TEST_F(ItemRunner, ReasonsAreShownAtTheEndOnly) {
  run(right(1, 0));
  EXPECT_EQ(said.find("because"), said.npos);
  expect_contains(said, "1 of 2 answered");
}

TEST_F(ItemRunner, WhatWasAnsweredIsNotAskedAgainAfterAStop) {
  EXPECT_EQ(run(right(1, 0)).status, Status::kNotDone);
  const Results r = run(right(1, 1));
  EXPECT_EQ(r.status, Status::kPass);
  EXPECT_EQ(said.find("Question 1 of 2"), said.npos);
}

TEST_F(ItemRunner, WhatIsNoAnswerIsAskedAgain) {
  EXPECT_EQ(run("z\n\n" + right(1, 0) + "nonsense\n" + right(1, 1)).status, Status::kPass);
}

TEST_F(ItemRunner, ResultsJsonHoldsACheckForEachItemWithItsMisconception) {
  const Shown s = shown(set.items[0], 1);
  run(letter_of(s, 1) + "\n" + right(1, 1));
  const Results r = read_results(folder.state_folder() + "/results/04-quiz.json");
  EXPECT_EQ(r.exercise, "04-quiz");
  EXPECT_EQ(r.status, Status::kFail);
  ASSERT_EQ(r.checks.size(), 2u);
  EXPECT_EQ(r.checks[0].name, "04-q1");
  ASSERT_EQ(r.checks[0].diagnosis.size(), 1u);
  EXPECT_EQ(r.checks[0].diagnosis[0].key, "belief two");
  EXPECT_EQ(r.checks[1].status, Status::kPass);
  EXPECT_EQ(r.max_points, 2);
}

TEST_F(ItemRunner, AMissedItemBecomesACardUntilItIsAnsweredRightly) {
  const auto missed = [&] {
    const auto due = Deck(small.course, folder).due(20000, 0, "");
    return due.empty() ? "" : due[0].card.id + ": " + due[0].card.back;
  };
  EXPECT_EQ(missed(), "");
  const Shown s = shown(set.items[0], 1);
  run(letter_of(s, 1) + "\n" + right(1, 1));
  expect_contains(said, "./pupil cards");
  EXPECT_EQ(missed(), "missed:04-q1: r\nw");
  run(right(2, 0) + right(2, 1));
  EXPECT_EQ(missed(), "");
}

TEST_F(ItemRunner, AFinishedSetBeginsAnewInAnotherOrder) {
  run(right(1, 0) + right(1, 1));
  const Results r = run(right(2, 0) + right(2, 1));
  EXPECT_EQ(r.status, Status::kPass);
  expect_contains(said, "Question 1 of 2");
}

TEST_F(ItemRunner, AChangedFileBeginsAnew) {
  run(right(1, 0));
  set.sha256 = "other";
  run("");
  expect_contains(said, "0 of 2 answered");
}

TEST_F(ItemRunner, SixtyColumnsAreEnoughAndNoEscapeIsWritten) {
  set.items[0].question =
      std::string("long words ") + std::string(40, 'w') + " and $\\tau$ \x1b[31m red";
  run(right(1, 0) + right(1, 1));
  EXPECT_EQ(said.find('\x1b'), said.npos);
  expect_contains(said, "tau");
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 60u) << line;
}

TEST_F(ItemRunner, DamagedStateIsNoCrashButAFreshStart) {
  run(right(1, 0));
  write_file(folder.state_folder() + "/items/04-quiz.json", "{\"attempt\": ");
  run("");
  expect_contains(said, "0 of 2 answered");
}

}  // namespace
}  // namespace pupil::course
