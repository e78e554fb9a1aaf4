// Cards: SM-2's numbers, what is due when, and that no review is lost.
#include <gtest/gtest.h>

#include "course/items/deck.h"
#include "nn/strict_json.h"
#include "tests/book_fixture.h"

namespace pupil::course {
namespace {

using test::SmallCourse;

constexpr std::int64_t kToday = 20000;

TEST(Schedule, GoodAnswersWaitOneDayThenSixThenTheEaseTimesAsLong) {
  CardState s;
  std::vector<std::int64_t> intervals;
  for (int i = 0; i < 4; ++i) {
    s = review(s, CardGrade::kGood, kToday);
    intervals.push_back(s.interval);
  }
  EXPECT_EQ(intervals, (std::vector<std::int64_t>{1, 6, 15, 38}));  // 6 * 2.5, 15 * 2.5
  EXPECT_DOUBLE_EQ(s.ease, 2.5);
  EXPECT_EQ(s.due, kToday + 38);
}

TEST(Schedule, TheEaseFollowsTheGradesOfSm2) {
  EXPECT_NEAR(review({}, CardGrade::kEasy, kToday).ease, 2.6, 1e-12);
  EXPECT_NEAR(review({}, CardGrade::kHard, kToday).ease, 2.36, 1e-12);
  EXPECT_NEAR(review({}, CardGrade::kAgain, kToday).ease, 2.18, 1e-12);
  CardState s;
  for (int i = 0; i < 20; ++i) s = review(s, CardGrade::kAgain, kToday);
  EXPECT_DOUBLE_EQ(s.ease, 1.3);
}

TEST(Schedule, AFailureStartsOverAndIsDueAtOnce) {
  CardState s;
  for (int i = 0; i < 3; ++i) s = review(s, CardGrade::kGood, kToday);
  s = review(s, CardGrade::kAgain, kToday);
  EXPECT_EQ(s.due, kToday);
  EXPECT_EQ(s.lapses, 1);
  EXPECT_EQ(review(s, CardGrade::kGood, kToday).interval, 1);
}

TEST(Schedule, NoIntervalGrowsBeyondTenYears) {
  CardState s;
  for (int i = 0; i < 100; ++i) s = review(s, CardGrade::kEasy, kToday);
  EXPECT_EQ(s.interval, 3650);
}

class Cards : public ::testing::Test {
 protected:
  Cards() : folder(small.course, small.files.path() + "/work") {
    std::string text;
    for (int i = 1; i <= 8; ++i) {
      text += "[[card]]\nid = \"04-c" + std::to_string(i) + "\"\nfront = \"f\"\nback = \"b\"\n";
    }
    write_file(small.lesson().folder + "/cards.toml", text);
  }
  Deck deck() const { return {small.course, folder}; }
  std::vector<std::string> due(std::int64_t day, std::int64_t fresh = 5) const {
    std::vector<std::string> ids;
    for (const DueCard& d : deck().due(day, fresh, "")) ids.push_back(d.card.id);
    return ids;
  }
  void grade_first(CardGrade grade, std::int64_t day) const {
    Deck d = deck();
    d.reviewed(d.due(day, 5, "").at(0), grade, day);
  }

  SmallCourse small;
  WorkFolder folder;
};

TEST_F(Cards, FiveNewOnesADayInTheOrderOfTheCourse) {
  EXPECT_EQ(due(kToday), (std::vector<std::string>{"04-c1", "04-c2", "04-c3", "04-c4", "04-c5"}));
  grade_first(CardGrade::kGood, kToday);
  EXPECT_EQ(due(kToday), (std::vector<std::string>{"04-c2", "04-c3", "04-c4", "04-c5"}));
  EXPECT_EQ(due(kToday + 1).size(), 6u);  // the one from yesterday, and five new ones
  EXPECT_EQ(due(kToday + 1).front(), "04-c1");
}

TEST_F(Cards, AReviewIsKeptAtOnceAndLeavesWhatIsNotOurs) {
  grade_first(CardGrade::kGood, kToday);
  const std::string path = folder.state_folder() + "/cards.json";
  auto json = read_json_file(path);
  json["cards"]["99-c1"] = {{"due", 1}, {"later", "field"}};
  write_file(path, json.dump());
  grade_first(CardGrade::kEasy, kToday);
  const auto after = read_json_file(path);
  EXPECT_EQ(after["cards"]["99-c1"]["later"], "field");
  EXPECT_EQ(after["cards"]["04-c1"]["due"], kToday + 1);
  EXPECT_EQ(after["cards"]["04-c2"]["interval"], 1);
}

TEST_F(Cards, ADamagedFileFallsBackToTheStateBefore) {
  grade_first(CardGrade::kGood, kToday);
  grade_first(CardGrade::kGood, kToday);
  write_file(folder.state_folder() + "/cards.json", "{\"version\": 1, \"ca");
  EXPECT_EQ(due(kToday), (std::vector<std::string>{"04-c2", "04-c3", "04-c4", "04-c5"}));
}

TEST_F(Cards, OneIdIsOneCard) {
  const std::string path = small.lesson().folder + "/cards.toml";
  write_file(path, read_file(path) + "[[card]]\nid = \"04-c1\"\nfront = \"f\"\nback = \"b\"\n");
  expect_contains(input_error([&] { read_cards(small.course); }),
                  "cards.toml:34: \"id\" belongs to another");
}

}  // namespace
}  // namespace pupil::course
