// The marked source of an exercise: what of it becomes starter, solution, mutant and release.
#include "course/marks.h"

#include <gtest/gtest.h>

#include "tests/text_files.h"

namespace pupil::course {
namespace {

const char* const kMarked =
    "int f() {\n"
    "  // BEGIN SOLUTION body\n"
    "  //| // TODO\n"
    "  //| return 0;\n"
    "  return 42;\n"
    "  // END SOLUTION\n"
    "}\n"
    "// BEGIN MUTANT off-by-one of=body fails=value\n"
    "//! One too many.\n"
    "//~ return 43;\n"
    "// END MUTANT\n"
    "// BEGIN STAFF\n"
    "// a note for staff\n"
    "// END STAFF\n";

std::string refusal(const std::string& text) {
  return input_error([&] { MarkedSource(text, "x.cc"); });
}

TEST(Marks, TheStarterHasTheStubAndNothingElseOfARegion) {
  EXPECT_EQ(MarkedSource(kMarked, "x.cc").starter(), "int f() {\n  // TODO\n  return 0;\n}\n");
}

TEST(Marks, TheSolutionKeepsItsLineNumbers) {
  const std::string solution = MarkedSource(kMarked, "x.cc").solution();
  EXPECT_EQ(solution, "int f() {\n\n\n\n  return 42;\n\n}\n\n\n\n\n\n\n\n");
}

TEST(Marks, AMutantReplacesItsRegionAndTellsTheStudent) {
  const MarkedSource source(kMarked, "x.cc");
  ASSERT_EQ(source.mutants().size(), 1u);
  const Mutant& m = source.mutants()[0];
  EXPECT_EQ(m.name, "off-by-one");
  EXPECT_EQ(m.fails, "value");
  EXPECT_EQ(m.text, "One too many.");
  EXPECT_EQ(source.mutant(m), "int f() {\nreturn 43;\n}\n");
}

TEST(Marks, AMutantOfSeveralRegionsReplacesEach) {
  const MarkedSource source(
      "// BEGIN SOLUTION a\nA;\n// END SOLUTION\n// BEGIN SOLUTION b\nB;\n// END SOLUTION\n"
      "// BEGIN MUTANT m of=a fails=c\n//! Both.\n//~ X;\n// END MUTANT\n"
      "// BEGIN MUTANT m of=b\n//~ Y;\n// END MUTANT\n",
      "x.cc");
  ASSERT_EQ(source.mutants().size(), 1u);
  EXPECT_EQ(source.mutant(source.mutants()[0]), "X;\nY;\n");
}

TEST(Marks, HiddenRegionsAreInNoRelease) {
  const MarkedSource source("a;\n// BEGIN HIDDEN\nb;\n// END HIDDEN\nc;\n", "x.cc");
  EXPECT_EQ(source.without_hidden(), "a;\n\n\n\nc;\n");
  EXPECT_EQ(source.solution(), "a;\n\nb;\n\nc;\n");
}

TEST(Marks, SecretLinesAreThoseOfSolutionsMutantsHiddenAndStaff) {
  const auto lines = MarkedSource(kMarked, "x.cc").secret_lines();
  const std::vector<std::string> expected = {"  return 42;", "//! One too many.", "//~ return 43;",
                                             "// a note for staff"};
  EXPECT_EQ(lines, expected);
}

TEST(Marks, RawStringsHoldNoMarkers) {
  const std::string text = "auto s = R\"x(\n// BEGIN SOLUTION a\n)x\";\n";
  EXPECT_EQ(MarkedSource(text, "x.cc").starter(), text);
}

TEST(Marks, EveryMistakeIsRefusedWithItsLine) {
  expect_contains(refusal("// BEGIN SOLUTION a\n"), "x.cc:1: BEGIN SOLUTION of line 1 has no END");
  expect_contains(refusal("\n// END SOLUTION\n"), "x.cc:2: END without a BEGIN");
  expect_contains(refusal("// BEGIN SOLUTIONS a\n"), "expected SOLUTION, MUTANT, HIDDEN or STAFF");
  expect_contains(refusal("// BEGIN SOLUTION a\n// BEGIN STAFF\n"), "do not nest");
  expect_contains(refusal("// BEGIN SOLUTION a\n// END SOLUTION\n// BEGIN SOLUTION a\n"),
                  "there is a SOLUTION a already");
  expect_contains(refusal("//| stub\n"), "inside SOLUTION only");
  expect_contains(refusal("//~ code\n"), "inside MUTANT only");
  expect_contains(refusal("// BEGIN MUTANT m of=a fails=c\n"), "no SOLUTION of this name");
  expect_contains(refusal("// BEGIN SOLUTION a\n// END HIDDEN\n"), "expected // END SOLUTION");
  const std::string solution = "// BEGIN SOLUTION a\n// END SOLUTION\n";
  expect_contains(refusal(solution + "// BEGIN MUTANT m of=a fails=c\ncode;\n"),
                  "every line starts");
  expect_contains(refusal(solution + "// BEGIN MUTANT m of=a\n//! Why.\n// END MUTANT\n"),
                  "needs fails=CHECK");
  expect_contains(refusal(solution + "// BEGIN MUTANT Bad_Name of=a fails=c\n"), "small letters");
}

}  // namespace
}  // namespace pupil::course
