// docs/bugs.md and the tests agree: every known bug has its row, every test that a row names exists
// and bears the row's number, and every test that bears a number is named in that number's row.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;
using std::string;
using Tests = std::map<string, std::set<string>>;  // "B01" -> names of tests

constexpr int kBugs = 146;

string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The bugs that a test's name carries: B and two or three digits, between underscores.
std::set<string> numbers_in(const string& name) {
  static const std::regex pattern("(^|_)(B[0-9]{2,3})(?=_|$)");
  std::set<string> numbers;
  for (std::sregex_iterator it(name.begin(), name.end(), pattern), end; it != end; ++it) {
    numbers.insert((*it)[2]);
  }
  return numbers;
}

Tests numbered_tests(const fs::path& folder) {
  static const std::regex pattern("\\bTEST(_F|_P)?\\(\\s*(\\w+),\\s*(\\w+)\\)");
  Tests tests;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.path().string().ends_with("_test.cc")) continue;
    const string text = read(entry.path());
    for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
      const string suite = (*it)[2], name = (*it)[3];
      for (const string& number : numbers_in(name)) tests[number].insert(suite + "." + name);
    }
  }
  return tests;
}

struct Row {
  string text;             // of the last column
  std::set<string> tests;  // named in it
};

// The rows of the tables: | B01 | a sentence | `Suite.Name`, `Suite.Name` |
std::map<string, Row> rows_of(const string& page) {
  static const std::regex line("\\| (B[0-9]{2,3}) \\| ([^|\n]+\\.) \\| ([^|\n]+) \\|\n");
  static const std::regex name("`([^`]*)`");
  std::map<string, Row> rows;
  for (std::sregex_iterator it(page.begin(), page.end(), line), end; it != end; ++it) {
    Row row{(*it)[3], {}};
    for (std::sregex_iterator n(row.text.begin(), row.text.end(), name); n != end; ++n) {
      row.tests.insert((*n)[1]);
    }
    EXPECT_TRUE(rows.emplace((*it)[1], row).second) << (*it)[1] << " has two rows";
  }
  return rows;
}

string number(int i) { return (i < 10 ? "B0" : "B") + std::to_string(i); }

TEST(BugsList, NumbersStandBetweenUnderscores) {
  EXPECT_EQ(numbers_in("B21_B23_TheEnd"), (std::set<string>{"B21", "B23"}));
  EXPECT_EQ(numbers_in("IsTheSame_B01_B02"), (std::set<string>{"B01", "B02"}));
  EXPECT_EQ(numbers_in("B100_IsNoB10OrB1000"), (std::set<string>{"B100"}));
}

TEST(BugsList, NamesEveryNumberedTestAndNoOther) {
  const fs::path root = PUPIL_SOURCE_DIR;
  const std::map<string, Row> rows = rows_of(read(root / "docs/bugs.md"));
  const Tests tests = numbered_tests(root / "tests");
  ASSERT_GE(tests.size(), 20u) << "hardly any test bears a number: was the tree moved?";
  for (int i = 1; i <= kBugs; ++i) {
    const auto row = rows.find(number(i));
    ASSERT_NE(row, rows.end()) << "docs/bugs.md has no row | " << number(i) << " | ... | ... |";
    const auto found = tests.find(number(i));
    EXPECT_EQ(row->second.tests, found == tests.end() ? std::set<string>{} : found->second)
        << number(i) << ": the row in docs/bugs.md on the left, the tests on the right";
    EXPECT_TRUE(!row->second.tests.empty() || row->second.text == "open" ||
                row->second.text.starts_with("no test: "))
        << number(i) << ": " << row->second.text
        << "; expected names of tests, \"open\", or \"no test: \" and the reason";
  }
  EXPECT_EQ(rows.size(), std::size_t(kBugs));
  for (const auto& [bug, names] : tests) {
    EXPECT_TRUE(rows.count(bug)) << bug << " in " << *names.begin() << " is no known bug";
  }
}

}  // namespace
