// What a student's folder remembers, and that nothing of it is ever lost.
#include "course/progress.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <vector>

#include "nn/sha256.h"
#include "tests/course_fixture.h"

namespace pupil::course {
namespace {

class ProgressTest : public test::CourseTest {
 protected:
  ProgressTest() : work(tree, files.path() + "/work") { work.prepare(); }
  WorkFolder work;

  Results passed(const Exercise& e, const std::string& fingerprint = "f1") const {
    Results r;
    r.started = "2026-02-01T10:00:00Z";
    r.status = Status::kPass;
    r.points = 5;
    r.source_sha256 = sha256_of_file(work.file(e));
    r.fingerprint = fingerprint;
    return r;
  }
  std::string state(const Exercise& e, const std::string& fingerprint = "f1") const {
    return state_of(Progress(work).of(e), sha256_of_file(work.file(e)), fingerprint);
  }
  std::string progress_file() const { return work.state_folder() + "/progress.json"; }
};

TEST_F(ProgressTest, AnExerciseIsNewThenPassingThenChangedThenOutdated) {
  const Exercise& e = exercise("04a");
  EXPECT_EQ(state(e), "new");
  record_results(work, e, passed(e));
  EXPECT_EQ(state(e), "passing");
  EXPECT_EQ(state(e, "f2"), "outdated");
  write_file(work.file(e), "// another\n");
  EXPECT_EQ(state(e), "changed");
}

TEST_F(ProgressTest, AFailureAfterAPassTakesNothingAway) {
  const Exercise& e = exercise("04a");
  record_results(work, e, passed(e));
  Results failed = passed(e);
  failed.status = Status::kFail;
  failed.points = 1;
  record_results(work, e, failed);
  EXPECT_EQ(Progress(work).of(e).best, 5);
  EXPECT_EQ(Progress(work).of(e).last, 1);
  EXPECT_EQ(state(e), "passing");
}

TEST_F(ProgressTest, ARenamedExerciseKeepsItsProgressAndFile) {
  record_results(work, exercise("04a"), passed(exercise("04a")));
  Exercise renamed = exercise("04a");
  renamed.id = "05c";
  renamed.name = "05c_temperature";
  renamed.aliases = {"04a"};
  EXPECT_EQ(Progress(work).of(renamed).best, 5);
  EXPECT_EQ(work.file(renamed), work.file(exercise("04a")));
  record_results(work, renamed, passed(renamed));
  EXPECT_EQ(Progress(work).of(renamed).best, 5);
}

TEST_F(ProgressTest, EntriesOfUnknownExercisesStay) {
  write_file(
      progress_file(),
      R"({"version": 1, "current": "99z", "exercises": {"99z": {"best": 7, "later": [1]}}})");
  record_results(work, exercise("04a"), passed(exercise("04a")));
  const std::string text = read_file(progress_file());
  expect_contains(text, "\"99z\"");
  expect_contains(text, "\"later\"");
}

TEST_F(ProgressTest, ADamagedFileFallsBackToTheOneBefore) {
  const Exercise& e = exercise("04a");
  record_results(work, e, passed(e));
  record_results(work, exercise("04b"), passed(exercise("04b")));
  for (const char* damage : {"", "{\"version\": 1, \"exer", "[]"}) {
    write_file(progress_file(), damage);
    EXPECT_EQ(Progress(work).of(e).best, 5) << damage;
    record_results(work, e, passed(e));  // and writing heals it
    EXPECT_EQ(Progress(work).of(e).best, 5);
  }
}

TEST_F(ProgressTest, AKillAtAnyMomentLeavesAStateThatIsWhole) {
  const Exercise& e = exercise("04a");
  record_results(work, e, passed(e));
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      while (true) record_results(work, e, passed(e));
    }
    ::usleep(useconds_t(500 + 1700 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_EQ(Progress(work).of(e).best, 5) << round;
  }
}

TEST_F(ProgressTest, TwoTerminalsDoNotMix) {
  const Exercise &a = exercise("04a"), &b = exercise("04b");
  constexpr int kTimes = 25;
  const pid_t child = ::fork();
  for (int i = 0; i < kTimes; ++i) {
    const Exercise& mine = child == 0 ? a : b;
    Results r = passed(mine);
    r.source_sha256 += std::to_string(i);  // another file each time: an attempt
    record_results(work, mine, r);
  }
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(Progress(work).of(a).attempts, kTimes);
  EXPECT_EQ(Progress(work).of(b).attempts, kTimes);
}

TEST_F(ProgressTest, ResetThenUndoRestoresTheBytes) {
  const Exercise& e = exercise("09b");
  const std::string mine = "// mine\n\n\tint x = 1;  \nno line break at the end";
  write_file(work.file(e), mine);
  work.reset(e);
  EXPECT_EQ(read_file(work.file(e)), work.starter(e));
  work.undo(e);
  EXPECT_EQ(read_file(work.file(e)), mine);
}

TEST_F(ProgressTest, UndoFindsWhatWasReplacedBeforeARename) {
  const Exercise& e = exercise("09b");
  write_file(work.file(e), "// mine\n");
  work.reset(e);
  Exercise renamed = e;
  renamed.id = "10a";
  renamed.name = "10a_other";
  renamed.aliases = {"09b"};
  work.undo(renamed);
  EXPECT_EQ(read_file(work.file(renamed)), "// mine\n");
}

// The file that a person wrote is in the saved ones, however many terminals reset at once.
TEST_F(ProgressTest, ResetsAtOnceLoseNoFile) {
  const Exercise& e = exercise("09b");
  for (int round = 0; round < 10; ++round) {
    const std::string mine = "// mine, " + std::to_string(round) + "\n";
    write_file(work.file(e), mine);
    std::vector<pid_t> children;
    for (int i = 0; i < 3; ++i) {
      children.push_back(::fork());
      if (children.back() == 0) {
        work.reset(e);
        ::_exit(0);
      }
    }
    for (const pid_t child : children) ::waitpid(child, nullptr, 0);
    int found = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(work.state_folder() + "/saved/09b")) {
      found += read_file(entry.path().string()) == mine;
    }
    EXPECT_EQ(found, 1) << round;
  }
}

TEST_F(ProgressTest, AnotherOrderOfTheCourseChangesNoState) {
  const Exercise& e = exercise("04a");
  write_file(work.file(e), "// mine\n");
  record_results(work, e, passed(e));
  Course reordered = tree;
  std::reverse(reordered.lessons.begin(), reordered.lessons.end());
  for (Lesson& lesson : reordered.lessons) {
    std::reverse(lesson.exercises.begin(), lesson.exercises.end());
  }
  const WorkFolder again(reordered, work.path());
  EXPECT_EQ(again.prepare(), 0);
  EXPECT_EQ(Progress(again).current(), "04a");
  for (const Exercise* other : reordered.exercises()) {
    EXPECT_EQ(state_of(Progress(again).of(*other), sha256_of_file(again.file(*other)), "f1"),
              other->id == "04a" ? "passing" : "new");
  }
}

TEST_F(ProgressTest, AnExerciseThatLeavesTheCourseAndComesBackHasLostNothing) {
  const Exercise& e = exercise("04a");
  write_file(work.file(e), "// mine\n");
  record_results(work, e, passed(e));
  Course without = tree;
  std::erase_if(without.lessons, [](const Lesson& lesson) { return lesson.id == "04"; });
  const WorkFolder smaller(without, work.path());
  EXPECT_EQ(smaller.prepare(), 0);
  EXPECT_EQ(without.find_exercise(Progress(smaller).current()), nullptr);
  record_results(smaller, without.exercise("09b"), passed(without.exercise("09b")));
  EXPECT_EQ(work.prepare(), 0);
  EXPECT_EQ(state(e), "passing");
  EXPECT_EQ(Progress(work).of(e).best, 5);
  EXPECT_EQ(read_file(work.file(e)), "// mine\n");
}

TEST_F(ProgressTest, PrepareNeverOverwritesAStudentsFile) {
  const Exercise& e = exercise("09b");
  write_file(work.file(e), "// mine\n");
  EXPECT_EQ(work.prepare(), 0);
  EXPECT_EQ(read_file(work.file(e)), "// mine\n");
  EXPECT_TRUE(file_exists(work.path() + "/compile_commands.json"));
}

}  // namespace
}  // namespace pupil::course
