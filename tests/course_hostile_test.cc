// Students' files that attack the grader (tests/hostile_students/), each with the status that it
// must get: with the list of refused symbols, and behind it, where the sandbox alone holds, at
// every level that this machine offers. None gets a point, each leaves a valid results.json
// (tests/schemas/), and nothing outside of the build folder changes.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "course/protocol.h"
#include "course/worker_process.h"
#include "tests/course_fixture.h"
#include "tests/json_schema.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;

struct Hostile {
  std::string name, path, exercise, expect, behind;
};

std::string field(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("// " + name + ": ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 5;
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::vector<Hostile> hostile_students() {
  std::vector<Hostile> list;
  for (const auto& entry : fs::directory_iterator(PUPIL_SOURCE_DIR "/tests/hostile_students")) {
    const std::string text = read_file(entry.path().string());
    list.push_back({entry.path().stem().string(), entry.path().string(), field(text, "exercise"),
                    field(text, "expect"), field(text, "behind the list of symbols")});
  }
  return list;
}

bool is_one_of(const std::string& status, const std::string& allowed) {
  std::istringstream words(allowed);
  for (std::string word; words >> word;) {
    if (word == status) return true;
  }
  return false;
}

// What an attack could reach and change: path, size and time of what grading is made of, and the
// names beside it.
std::map<std::string, std::string> state_outside() {
  std::map<std::string, std::string> state;
  const fs::path root = PUPIL_SOURCE_DIR;
  for (const auto& entry : fs::directory_iterator(root)) state[entry.path().string()] = "is there";
  for (const char* room : {"lessons", "course", "kernels"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / room)) {
      if (!entry.is_regular_file()) continue;
      state[entry.path().string()] =
          std::to_string(entry.file_size()) + " " +
          std::to_string(entry.last_write_time().time_since_epoch().count());
    }
  }
  for (const char* planted : {"../planted", "/tmp/planted"}) {
    if (fs::exists(root / planted)) state[planted] = "is there";
  }
  return state;
}

// What grading leaves in the folders that it was given.
std::set<std::string> names_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder).string();
    names.insert(name.substr(0, name.find("call-")));  // call-HASH.o
  }
  return names;
}

// Limits alone are no sandbox, and `staff grade` refuses them.
std::vector<int> levels() {
  std::vector<int> list = {protocol::kSeccomp, protocol::kSeccomp | protocol::kLandlock};
  if (bubblewrap_works()) list.push_back(list.back() | protocol::kBubblewrap);
  return list;
}

class HostileStudent : public test::CourseTest, public ::testing::WithParamInterface<Hostile> {
 protected:
  void SetUp() override { fs::current_path(PUPIL_SOURCE_DIR); }

  void expect_no_points(const Results& results, const std::string& allowed,
                        const std::string& how) {
    EXPECT_TRUE(is_one_of(status_name(results.status), allowed))
        << how << ": status " << status_name(results.status) << ", expected " << allowed << "\n"
        << to_json(results);
    EXPECT_EQ(results.points, 0) << how;
    for (const CheckResult& c : results.checks) EXPECT_EQ(c.points, 0) << how << ", " << c.name;
    const std::string path = files.path() + "/results.json";
    const auto faults = schema.faults(nlohmann::json::parse(read_file(path)));
    EXPECT_EQ(faults, std::vector<std::string>()) << how;
    const Results written = read_results(path);
    EXPECT_EQ(written.status, results.status) << how;
    EXPECT_EQ(written.checks.size(), results.checks.size()) << how;
  }

  const test::JsonSchema schema{
      nlohmann::json::parse(read_file(PUPIL_SOURCE_DIR "/tests/schemas/results.schema.json"))};
};

TEST_P(HostileStudent, GetsItsStatusAndNoPointsAtEveryLevel) {
  const Hostile& hostile = GetParam();
  ASSERT_FALSE(hostile.expect.empty() || hostile.behind.empty()) << hostile.path;
  const auto before = state_outside();
  GradeOptions options{.seed = 7};
  options.results = files.path() + "/results.json";
  Exercise e = exercise(hostile.exercise);
  e.time_ms = 300;  // of processor time, 3 s of waiting: endless loops end sooner
  const std::string build = files.path() + "/build";
  expect_no_points(grade_file(tree, e, hostile.path, build, checks(e.id), options), hostile.expect,
                   "as graded");
  Built built = compile(tree, e, hostile.path, build);
  if (built.ok || built.forbidden) {
    built.ok = true;
    built.object = build + "/student.so";
    for (const int level : levels()) {
      options.level = level;
      const Results results = grade_object(tree, e, built, checks(e.id), options);
      expect_no_points(results, hostile.behind, level_name(level));
      EXPECT_EQ(results.worker.level, level_name(level));
    }
  }
  const auto after = state_outside();
  for (const auto& [path, state] : after) {
    const auto found = before.find(path);
    EXPECT_TRUE(found != before.end() && found->second == state) << path << " is new or changed";
  }
  EXPECT_EQ(after.size(), before.size()) << "something is gone";
  const std::set<std::string> allowed = {"build", "build/", "build/exercise.cc", "build/student.so",
                                         "results.json"};
  for (const std::string& name : names_in(files.path())) {
    EXPECT_TRUE(allowed.count(name)) << name << " was left";
  }
}

INSTANTIATE_TEST_SUITE_P(All, HostileStudent, ::testing::ValuesIn(hostile_students()),
                         [](const auto& info) { return info.param.name; });

TEST(HostileStudents, AreFiftyOrMore) { EXPECT_GE(hostile_students().size(), 50u); }

}  // namespace
}  // namespace pupil::course
