#include "course/course_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "course/toml.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostChecks = 64, kMostPoints = 1000, kMostDraws = 20;

std::int64_t in_range(const TomlTable& table, const char* key, std::int64_t fallback,
                      std::int64_t least, std::int64_t most) {
  const std::int64_t value = table.integer_or(key, fallback);
  if (value < least || value > most) {
    table.fail(key, fmt::format("is {}; expected {} to {}", value, least, most));
  }
  return value;
}

CheckSpec read_check(const TomlTable& table, const std::vector<CheckSpec>& before) {
  table.expect_keys({"name", "points", "after", "hidden", "about", "draws", "large"});
  CheckSpec check{.name = table.text("name")};
  check.points = in_range(table, "points", 0, 0, kMostPoints);
  check.after = table.text_or("after", "");
  check.hidden = table.flag_or("hidden", false);
  check.large = table.flag_or("large", false);
  check.about = table.text_or("about", "");
  check.draws = in_range(table, "draws", 1, 1, kMostDraws);
  bool known = check.after.empty();
  for (const CheckSpec& other : before) {
    if (other.name == check.name) table.fail("name", "is the name of an earlier check, too");
    known |= other.name == check.after;
    if (other.name == check.after && other.hidden && !check.hidden) {
      table.fail("after", "names a hidden check, which students do not run");
    }
  }
  if (!known) table.fail("after", "names no check above this one");
  if (check.hidden && check.about.empty()) {
    table.fail("about", "is missing: say in a sentence what the hidden check looks at");
  }
  return check;
}

Lesson read_lesson(const std::string& folder) {
  const TomlTable table = TomlTable::read(folder + "/lesson.toml");
  table.expect_keys({"id", "title", "minutes", "goals", "prerequisites", "boundary", "steps"});
  Lesson lesson{.id = table.text("id"), .title = table.text("title"), .folder = folder};
  lesson.name = fs::path(folder).filename().string();
  if (!lesson.name.starts_with(lesson.id + "_")) {
    table.fail("id", fmt::format("does not begin the folder's name {}", lesson.name));
  }
  lesson.minutes = in_range(table, "minutes", 0, 1, 600);
  lesson.goals = table.texts("goals");
  lesson.prerequisites = table.texts("prerequisites");
  lesson.boundary = table.texts("boundary");
  const TomlTable steps = table.table("steps");
  steps.expect_keys({"behaviour", "variable", "examples", "non_examples", "rule", "metric"});
  lesson.behaviour = steps.text("behaviour");
  lesson.variable = steps.text("variable");
  lesson.rule = steps.text("rule");
  lesson.metric = steps.text("metric");
  lesson.examples = steps.texts("examples");
  lesson.non_examples = steps.texts("non_examples");
  const fs::path exercises = fs::path(folder) / "exercises";
  if (fs::is_directory(exercises)) {
    for (const auto& entry : fs::directory_iterator(exercises)) {
      if (!fs::exists(entry.path() / "exercise.toml")) continue;
      lesson.exercises.push_back(read_exercise(entry.path().string()));
      lesson.exercises.back().lesson = lesson.id;
    }
  }
  std::sort(lesson.exercises.begin(), lesson.exercises.end(),
            [](const Exercise& a, const Exercise& b) { return a.id < b.id; });
  return lesson;
}

// An id belongs to one exercise, today's or an earlier name of it.
void expect_distinct_ids(const Course& course) {
  std::set<std::string> seen;
  for (const Exercise* e : course.exercises()) {
    std::vector<std::string> ids = e->aliases;
    ids.push_back(e->id);
    for (const std::string& id : ids) {
      if (!seen.insert(id).second) {
        throw InputError(fmt::format("{}: id {} belongs to another exercise, too",
                                     e->path("exercise.toml"), id));
      }
    }
  }
}

}  // namespace

std::int64_t Exercise::max_points(bool with_hidden) const {
  std::int64_t sum = 0;
  for (const CheckSpec& c : checks) sum += c.hidden && !with_hidden ? 0 : c.points;
  return sum;
}

Exercise read_exercise(const std::string& folder) {
  const TomlTable table = TomlTable::read(folder + "/exercise.toml");
  table.expect_keys({"id", "aliases", "title", "time_ms", "memory_mb", "mine", "check"});
  Exercise exercise{.id = table.text("id"), .aliases = table.texts("aliases")};
  exercise.title = table.text("title");
  exercise.folder = folder;
  exercise.name = fs::path(folder).filename().string();
  if (!exercise.name.starts_with(exercise.id + "_")) {
    table.fail("id", fmt::format("does not begin the folder's name {}", exercise.name));
  }
  exercise.time_ms = in_range(table, "time_ms", 1000, 10, 60000);
  exercise.mine = table.text_or("mine", "");
  exercise.memory_mb = in_range(table, "memory_mb", 512, 64, 8192);
  for (const TomlTable& check : table.tables("check")) {
    exercise.checks.push_back(read_check(check, exercise.checks));
  }
  const auto count = std::int64_t(exercise.checks.size());
  if (count == 0 || count > kMostChecks) {
    table.fail("check", fmt::format("stands {} times; expected 1 to {}", count, kMostChecks));
  }
  if (exercise.max_points(true) == 0) table.fail("check", "no check carries points");
  return exercise;
}

std::vector<const Exercise*> Course::exercises() const {
  std::vector<const Exercise*> list;
  for (const Lesson& lesson : lessons) {
    for (const Exercise& e : lesson.exercises) list.push_back(&e);
  }
  return list;
}

const Exercise* Course::find_exercise(const std::string& id) const {
  for (const Exercise* e : exercises()) {
    if (e->id == id || std::count(e->aliases.begin(), e->aliases.end(), id)) return e;
  }
  return nullptr;
}

const Exercise& Course::exercise(const std::string& id) const {
  if (const Exercise* found = find_exercise(id)) return *found;
  std::vector<std::string> ids;
  for (const Exercise* e : exercises()) ids.push_back(e->id);
  throw UsageError(
      fmt::format("there is no exercise \"{}\"; there are {}", id, fmt::join(ids, ", ")));
}

const Lesson& Course::lesson(const std::string& id) const {
  std::vector<std::string> ids;
  for (const Lesson& l : lessons) {
    if (l.id == id || l.id == "0" + id || l.name == id) return l;
    ids.push_back(l.id);
  }
  throw UsageError(
      fmt::format("there is no lesson \"{}\"; there are {}", id, fmt::join(ids, ", ")));
}

Course read_course(const std::string& root) {
  const TomlTable table = TomlTable::read(root + "/lessons/course.toml");
  table.expect_keys({"name", "version", "title", "lessons", "release", "objective"});
  Course course{.root = root, .name = table.text("name"), .version = table.text("version")};
  course.title = table.text("title");
  course.release = table.flag_or("release", false);
  for (const std::string& name : table.texts("lessons")) {
    const std::string folder = root + "/lessons/" + name;
    if (!folder_exists(folder))
      table.fail("lessons", fmt::format("names {}, no such folder", name));
    course.lessons.push_back(read_lesson(folder));
  }
  for (const TomlTable& objective : table.tables("objective")) {
    objective.expect_keys({"id", "text", "lesson"});
    course.objectives.push_back(
        {objective.text("id"), objective.text("text"), objective.text("lesson")});
  }
  expect_distinct_ids(course);
  return course;
}

std::string program_folder() {
  const fs::path own = fs::read_symlink("/proc/self/exe").parent_path();
  // Test programs lie a folder below the others.
  return (fs::exists(own / "pupil-worker") ? own : own.parent_path()).string();
}

std::string find_course_root(const std::string& start) {
  for (const std::string& from : {start, program_folder()}) {
    for (fs::path at = fs::absolute(from).lexically_normal();; at = at.parent_path()) {
      if (fs::exists(at / "lessons" / "course.toml")) return at.string();
      if (at == at.root_path()) break;
    }
  }
  throw InputError(
      fmt::format("no course here: neither {} nor a folder above it holds lessons/course.toml; go "
                  "to the course's folder",
                  start));
}

}  // namespace pupil::course
