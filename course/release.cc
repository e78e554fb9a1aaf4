#include "course/release.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "course/check_builder.h"
#include "course/check_library.h"
#include "course/grader.h"
#include "course/marks.h"
#include "course/process.h"
#include "course/secrets.h"
#include "nn/file.h"
#include "nn/sha256.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;

// What a release has of the root; the rest (builds, work folders, .git) is nobody's business.
constexpr const char* kParts[] = {"kernels",   "tensor",         "autograd", "nn",
                                  "sft",       "microworld",     "lessons",  "course",
                                  "cli",       "cmake",          "docs",     "tests",
                                  "bench",     "CMakeLists.txt", "pupil",    "CMakePresets.json",
                                  "README.md", "LICENSE"};

// Tests of the course hold solutions, and cannot run without them.
bool left_out(const fs::path& relative) {
  const std::string path = relative.generic_string();
  return path.starts_with("tests/course_") || path.starts_with("tests/staff_") ||
         path.starts_with("tests/hostile_students") || path.ends_with("/checks.cc") ||
         path == "docs/course.md";
}

void copy_tree(const std::string& root, const std::string& to) {
  for (const char* part : kParts) {
    const fs::path from = fs::path(root) / part;
    if (fs::is_regular_file(from)) fs::copy_file(from, fs::path(to) / part);
    if (!fs::is_directory(from)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(from)) {
      const fs::path relative = fs::relative(entry.path(), root);
      if (!entry.is_regular_file() || left_out(relative)) continue;
      fs::create_directories((fs::path(to) / relative).parent_path());
      fs::copy_file(entry.path(), fs::path(to) / relative);
    }
  }
}

void mark_as_release(const std::string& tree) {
  const std::string path = tree + "/lessons/course.toml";
  std::string text = read_file(path);
  text.insert(text.find("\ntitle") + 1, "release = true\n");
  write_file(path, text);
}

// Secrets of an exercise; the sentences for students (//!) are none.
void collect(const Exercise& e, Secrets& secrets) {
  for (const char* file : {"exercise.cc", "checks.cc"}) {
    const MarkedSource source(read_file(e.path(file)), e.path(file));
    for (const std::string& line : source.secret_lines()) {
      const std::size_t start = line.find_first_not_of(' ');
      if (start == std::string::npos || line.compare(start, 3, "//!") == 0) continue;
      const bool mutant = line.compare(start, 3, "//~") == 0;
      secrets.add(mutant ? line.substr(start + 3) : line, e.path(file));
    }
  }
}

void allow_engine(const std::string& root, Secrets& secrets) {
  for (const char* room : {"kernels", "tensor", "autograd", "nn", "sft", "microworld", "cli"}) {
    if (!folder_exists(root + "/" + room)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root + "/" + room)) {
      if (entry.is_regular_file()) secrets.allow(read_file(entry.path().string()));
    }
  }
}

void expect_not_done(const Course& released, const Exercise& e) {
  const std::string folder =
      fs::temp_directory_path() / fmt::format("pupil-release-{}-{}", ::getpid(), e.id);
  GradeOptions options;
  options.seed = 1;
  const Results r =
      grade_file(released, e, e.path("exercise.cc"), folder, check_folder(released, e), options);
  fs::remove_all(folder);
  if (r.status != Status::kNotDone || r.points != 0) {
    throw InputError(
        fmt::format("the released starter of {} gives {} and {} points; expected "
                    "not_done and none: {}",
                    e.id, status_name(r.status), r.points, r.message));
  }
}

std::string pack(const std::string& out, const std::string& name) {
  const std::string archive = out + "/" + name + ".tar.gz";
  const Captured ran = run_captured(
      {tool_path("tar"), "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner",
       "--use-compress-program=gzip -n", "-C", out, "-cf", archive, name},
      600);
  if (ran.ended.exit != 0) throw InputError(fmt::format("tar failed: {}", ran.output));
  return archive;
}

// The tree grows under another name and is gone when something stops it: no half release, and none
// with a secret in it, is left to be handed out.
class Unfinished {
 public:
  explicit Unfinished(std::string path) : path_(std::move(path)) {
    fs::remove_all(path_);
    make_folder(path_);
  }
  ~Unfinished() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Starters instead of marked sources, compiled checks instead of written ones.
void strip(const Course& course, const Exercise& e, const std::string& tree, Secrets& secrets) {
  const std::string folder = tree + "/" + fs::relative(e.folder, course.root).string();
  const MarkedSource source(read_file(e.path("exercise.cc")), e.path("exercise.cc"));
  write_file(folder + "/exercise.cc", source.starter());
  build_checks(course.root, e.folder, tree + "/checks/" + e.id, false);
  collect(e, secrets);
  secrets.allow(source.starter());
  secrets.allow(read_file(e.path("exercise.h")));
  secrets.allow(read_file(e.path("call.cc")));
}

void expect_no_secret(const Secrets& secrets, const std::string& tree) {
  const std::vector<Leak> leaks = secrets.find_in(tree);
  if (leaks.empty()) return;
  std::string text = "the release holds lines that it must not:";
  for (const Leak& leak : leaks) {
    text += fmt::format("\n  {}: \"{}\" of {}", leak.file, leak.secret.text, leak.secret.place);
  }
  throw InputError(text);
}

}  // namespace

Release release(const Course& course, const std::string& out) {
  if (course.release) throw InputError("this is a release already: it has no solutions to remove");
  const std::string name = fmt::format("{}-student-{}", course.name, course.version);
  Release made;
  made.tree = out + "/" + name;
  if (folder_exists(made.tree)) throw InputError(made.tree + " is there already; remove it first");
  const Unfinished tree(out + "/." + name + ".unfinished");
  copy_tree(course.root, tree.path());
  mark_as_release(tree.path());

  Secrets secrets;
  allow_engine(course.root, secrets);
  for (const Exercise* e : course.exercises()) strip(course, *e, tree.path(), secrets);
  expect_no_secret(secrets, tree.path());
  const Course released = read_course(tree.path());
  for (const Exercise* e : released.exercises()) expect_not_done(released, *e);
  for (const auto& entry : fs::recursive_directory_iterator(tree.path())) {
    made.files += entry.is_regular_file();
  }
  made.exercises = course.exercises().size();
  made.secrets = secrets.count();
  fs::rename(tree.path(), made.tree);
  made.archive = pack(out, name);
  made.sha256 = sha256_of_file(made.archive);
  return made;
}

}  // namespace pupil::course
