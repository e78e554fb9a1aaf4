// The program itself, killed at any moment and run in several terminals at once: a student's files,
// progress and results stay whole.
#include <nlohmann/json.hpp>

#include "course/progress.h"
#include "tests/command.h"
#include "tests/course_fixture.h"
#include "tests/json_schema.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;
using test::Ran;
using test::Running;

class Terminals : public test::CourseTest {
 protected:
  Terminals() : work(tree, files.path() + "/work") {}
  void SetUp() override {
    SKIP_WITHOUT_PROGRAM();
    fs::current_path(PUPIL_SOURCE_DIR);
    work.prepare();
    write_file(work.file(exercise("09b")), source("09b").solution());
    write_file(work.file(exercise("04a")), source("04a").solution());
  }
  std::vector<std::string> command(const std::string& name, const std::string& id) const {
    return {name, id, "--dir", work.path()};
  }
  void expect_whole(const std::string& when) const {
    EXPECT_EQ(read_file(work.file(exercise("09b"))), source("09b").solution()) << when;
    const std::string results = work.results_file(exercise("09b"));
    if (!file_exists(results)) return;  // killed before the first was written
    const auto faults = schema.faults(nlohmann::json::parse(read_file(results)));
    EXPECT_EQ(faults, std::vector<std::string>()) << when;
  }

  const test::JsonSchema schema{
      nlohmann::json::parse(read_file(PUPIL_SOURCE_DIR "/tests/schemas/results.schema.json"))};
  WorkFolder work;
};

TEST_F(Terminals, AKillAtAnyMomentOfACheckLosesNothing) {
  EXPECT_EQ(test::run_pupil(command("check", "04a")).status, 0);
  const std::int64_t best = Progress(work).of(exercise("04a")).best;
  EXPECT_EQ(best, exercise("04a").max_points(false));
  for (int tenth = 0; tenth < 12; ++tenth) {
    Running check(command("check", "09b"));
    std::this_thread::sleep_for(std::chrono::milliseconds(70 * tenth));
    check.interrupt(SIGKILL);
    check.wait();
    expect_whole("killed after " + std::to_string(70 * tenth) + " ms");
    EXPECT_EQ(Progress(work).of(exercise("04a")).best, best);
  }
  // No lock and no half file of the dead stands in the way.
  const Ran ran = test::run_pupil(command("check", "09b"));
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(Progress(work).of(exercise("09b")).best, exercise("09b").max_points(false));
}

TEST_F(Terminals, TwoCheckOneExerciseAndOthersAtOnce) {
  std::vector<std::unique_ptr<Running>> running;
  for (const char* id : {"09b", "09b", "04a"}) {
    running.push_back(std::make_unique<Running>(command("check", id)));
  }
  for (const auto& one : running) {
    const Ran ran = one->wait();
    EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  }
  expect_whole("after three at once");
  for (const char* id : {"09b", "04a"}) {
    EXPECT_EQ(Progress(work).of(exercise(id)).best, exercise(id).max_points(false)) << id;
    EXPECT_EQ(Progress(work).of(exercise(id)).attempts, 1) << id;  // one file, checked twice
  }
}

TEST_F(Terminals, AKillDuringResetLeavesTheFileOrItsCopy) {
  const std::string mine = source("09b").solution();
  for (int round = 0; round < 8; ++round) {
    write_file(work.file(exercise("09b")), mine);
    Running reset(command("reset", "09b"));
    std::this_thread::sleep_for(std::chrono::milliseconds(10 * round));
    reset.interrupt(SIGKILL);
    reset.wait();
    if (read_file(work.file(exercise("09b"))) == mine) continue;
    EXPECT_EQ(read_file(work.file(exercise("09b"))), work.starter(exercise("09b")));
    EXPECT_EQ(test::run_pupil(command("undo", "09b")).status, 0);
    EXPECT_EQ(read_file(work.file(exercise("09b"))), mine) << round;
  }
}

TEST_F(Terminals, AKeyThatCannotBeObeyedDoesNotEndTheLoop) {
  const Ran ran = test::run_pupil({"learn", "09b", "--dir", work.path()},
                                  {.input = "uq", .folder = "", .out = ""});
  EXPECT_EQ(ran.status, 0) << ran.err;
  expect_contains(ran.out, "nothing of 09b was replaced yet");
}

}  // namespace
}  // namespace pupil::course
