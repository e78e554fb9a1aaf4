// A class for tests of grading: a course of few exercises in a folder of its own, and students of
// three levels who hand in.
#pragma once
#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include "course/course_tree.h"
#include "course/marks.h"
#include "nn/file.h"
#include "tests/text_files.h"

namespace pupil::test {

/// A copy of what a course needs of this source tree, with these exercises only.
class SmallTree {
 public:
  explicit SmallTree(const std::set<std::string>& exercises) {
    namespace fs = std::filesystem;
    const std::string source = PUPIL_SOURCE_DIR;
    fs::create_directories(root() + "/lessons");
    fs::copy(source + "/kernels", root() + "/kernels", fs::copy_options::recursive);
    std::string lessons;
    for (const auto& entry : fs::directory_iterator(source + "/lessons")) {
      const std::string name = entry.path().filename().string(), to = root() + "/lessons/" + name;
      const std::string id = name.substr(0, 2);
      const bool wanted = std::any_of(exercises.begin(), exercises.end(),
                                      [&](const std::string& e) { return e.starts_with(id); });
      if (entry.is_directory() && !wanted && name != "kit") continue;
      fs::copy(entry.path(), to, fs::copy_options::recursive);
      if (wanted) lessons += (lessons.empty() ? "\"" : ", \"") + name + "\"";
      if (!wanted || !fs::exists(to + "/exercises")) continue;
      for (const auto& e : fs::directory_iterator(entry.path() / "exercises")) {
        const std::string exercise = e.path().filename().string();
        if (!exercises.count(exercise.substr(0, exercise.find('_')))) {
          fs::remove_all(to + "/exercises/" + exercise);
        }
      }
    }
    const std::string file = root() + "/lessons/course.toml";
    const std::regex list("\\nlessons = \\[[^\\]]*\\]");
    write_file(file, std::regex_replace(read_file(file), list, "\nlessons = [" + lessons + "]"));
  }

  std::string root() const { return files_.path() + "/course"; }
  std::string path(const std::string& name) const { return files_.path() + "/" + name; }
  course::Course course() const { return course::read_course(root()); }

 private:
  TemporaryFolder files_;
};

/// Student s of a class: 0, 3, ... solved all, 1, 4, ... every other exercise, 2, 5, ... hand in
/// files that break.
inline std::string handed_in(const course::Exercise& e, int student, int number) {
  const std::string path = e.path("exercise.cc");
  const course::MarkedSource source(read_file(path), path);
  if (student % 3 == 0 || (student % 3 == 1 && number % 2 == 0)) return source.solution();
  return student % 3 == 1 ? source.starter() : "#include \"exercise.h\"\nint broken(";
}

inline void hand_in(const course::Course& course, const std::string& folder, int students) {
  for (int s = 0; s < students; ++s) {
    int number = 0;
    for (const course::Exercise* e : course.exercises()) {
      const std::string to = folder + "/s" + std::to_string(100 + s) + "/" + e->name;
      std::filesystem::create_directories(to);
      write_file(to + "/exercise.cc", handed_in(*e, s, number++));
    }
  }
}

}  // namespace pupil::test
