// The grader: what a pass needs, what a failure says, and that nothing missing ever passes.
#include "course/grader.h"

#include <cmath>

#include "course/protocol.h"
#include "course/worker_process.h"
#include "tests/course_fixture.h"

namespace pupil::course {
namespace {

using Grader = test::CourseTest;

const CheckResult& check_named(const Results& results, const std::string& name) {
  for (const CheckResult& c : results.checks) {
    if (c.name == name) return c;
  }
  throw std::runtime_error("no check " + name);
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, text.npos) << what;
  return text.replace(at, what.size(), by);
}

TEST_F(Grader, TheReferencePassesEveryCheckOfEveryExercise) {
  for (const Exercise* e : tree.exercises()) {
    const Results r = grade(e->id, source(e->id).solution(), {.seed = 11, .hidden = true});
    EXPECT_EQ(r.status, Status::kPass) << to_json(r);
    EXPECT_EQ(r.points, e->max_points(true));
    EXPECT_EQ(r.checks.size(), e->checks.size());
  }
}

TEST_F(Grader, TheStarterIsNotDoneAndHasNoPoints) {
  for (const Exercise* e : tree.exercises()) {
    const Results r = grade(e->id, source(e->id).starter());
    EXPECT_EQ(r.status, Status::kNotDone) << to_json(r);
    EXPECT_EQ(r.points, 0);
  }
}

TEST_F(Grader, AMistakeThatNoMutantMakesIsNamedByItsFactor) {
  const std::string wrong =
      replaced(source("09a").solution(), "dloss / double(n)", "dloss / double(n * n)");
  const Results r = grade("09a", wrong);
  const CheckResult& c = check_named(r, "gradient");
  EXPECT_EQ(c.status, Status::kFail);
  ASSERT_EQ(c.diagnosis.size(), 1u) << to_json(r);
  EXPECT_EQ(c.diagnosis[0].key, "scale");
  EXPECT_EQ(c.diagnosis[0].certainty, "exact");
  expect_contains(c.diagnosis[0].text, "1/3, 3 = supervised tokens");
  expect_contains(c.text, "the forward is right, the derivative is not");
  EXPECT_EQ(check_named(r, "value").status, Status::kPass);
}

TEST_F(Grader, PointsAreThoseOfTheChecksThatPass) {
  const std::string wrong = replaced(source("09a").solution(), "dloss / double(n)", "dloss");
  const Results r = grade("09a", wrong);
  EXPECT_EQ(r.status, Status::kFail);
  EXPECT_EQ(r.points, 2);  // value
  EXPECT_EQ(check_named(r, "gradient").diagnosis.at(0).key, "gradient-of-the-sum");
}

TEST_F(Grader, ChecksBehindAFailedOneAreSkipped) {
  const Results r = grade("04a", source("04a").mutant(source("04a").mutants()[0]));
  EXPECT_EQ(check_named(r, "value").status, Status::kFail);
  EXPECT_EQ(check_named(r, "gradient").status, Status::kSkipped);
  EXPECT_EQ(check_named(r, "large").status, Status::kSkipped);
}

TEST_F(Grader, OneSeedGivesOneCaseAndAnotherAnother) {
  const std::string wrong = source("04b").mutant(source("04b").mutants()[0]);
  const double first = check_named(grade("04b", wrong, {.seed = 3}), "value").worst.want;
  EXPECT_EQ(check_named(grade("04b", wrong, {.seed = 3}), "value").worst.want, first);
  EXPECT_NE(check_named(grade("04b", wrong, {.seed = 4}), "value").worst.want, first);
}

TEST_F(Grader, HiddenChecksRunAtGradingOnlyAndAreAnnounced) {
  const Results practice = grade("04a", source("04a").solution());
  EXPECT_EQ(practice.checks.size() + 1, exercise("04a").checks.size());
  EXPECT_EQ(practice.hidden_count, 1);
  EXPECT_FALSE(practice.hidden_about.at(0).empty());
}

TEST_F(Grader, AFileThatDoesNotBuildIsAnErrorWithItsLine) {
  const Results r = grade("04a", replaced(source("04a").solution(), "return dtau;", "return dtau"));
  EXPECT_EQ(r.status, Status::kError);
  EXPECT_EQ(r.points, 0);
  expect_contains(r.message, "exercise.cc:");
  expect_contains(r.message, "error:");
}

TEST_F(Grader, ACrashNamesArrayElementAndLine) {
  const std::string wrong =
      replaced(source("09b").solution(), "targets[t] = counts", "targets[t + 1] = counts");
  const Results r = grade("09b", wrong);
  EXPECT_EQ(r.status, Status::kCrash);
  EXPECT_EQ(r.points, 0);
  expect_contains(check_named(r, "one-turn").text, "touched element 9 of targets, which has 9");
  expect_contains(check_named(r, "one-turn").text, "exercise.cc:");
}

TEST_F(Grader, AMissingCheckLibraryIsAnError) {
  const std::string file = files.write("exercise.cc", source("09b").solution());
  for (const char* missing : {"checks.so", "reference.so", "not-shifted.so"}) {
    const std::string copy = files.path() + "/checks";
    std::filesystem::remove_all(copy);
    std::filesystem::copy(checks("09b"), copy);
    std::filesystem::remove(copy + "/" + missing);
    const Results r = grade_file(tree, exercise("09b"), file, files.path() + "/build", copy, {});
    EXPECT_EQ(r.status, Status::kError) << missing;
    EXPECT_EQ(r.points, 0);
    expect_contains(r.message, missing);
  }
}

TEST_F(Grader, ACheckThatTheLibraryDoesNotHaveIsAnError) {
  Exercise other = exercise("09b");
  other.checks.push_back({.name = "invented", .points = 1});
  const std::string file = files.write("exercise.cc", source("09b").solution());
  const Results r = grade_file(tree, other, file, files.path() + "/build", checks("09b"), {});
  EXPECT_EQ(r.status, Status::kError);
  EXPECT_EQ(check_named(r, "invented").status, Status::kError);
}

TEST_F(Grader, ResultsSurviveWritingAndReading) {
  const Results r = grade("04b", source("04b").mutant(source("04b").mutants()[0]));
  const Results again = read_results(files.path() + "/results.json");
  EXPECT_EQ(to_json(again), to_json(r));
}

TEST_F(Grader, SaysAtWhichLevelItRuns) {
  const Results r = grade("09b", source("09b").solution());
  EXPECT_EQ(r.worker.level, "landlock+seccomp");
  for (const int level : {0, int(protocol::kSeccomp)}) {
    EXPECT_EQ(grade("09b", source("09b").solution(), {.seed = 1, .level = level}).worker.level,
              level_name(level));
  }
}

TEST_F(Grader, AFileMayBeNoLinkToTheSolution) {
  const std::string link = files.path() + "/link.cc";
  std::filesystem::create_symlink(exercise("09b").path("exercise.cc"), link);
  const Results r =
      grade_file(tree, exercise("09b"), link, files.path() + "/build", checks("09b"), {});
  EXPECT_EQ(r.status, Status::kError);
  expect_contains(r.message, "no regular file");
}

}  // namespace
}  // namespace pupil::course
