// The course on disk: lessons/course.toml, lesson.toml of each lesson, exercise.toml of each
// exercise. docs/course.md describes the files for authors.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace pupil::course {

/// One [[check]] of exercise.toml.
struct CheckSpec {
  std::string name;
  std::int64_t points = 0;
  std::string after{};     ///< the check that must pass before this one runs; empty: none
  bool hidden = false;     ///< runs at grading only
  std::string about{};     ///< what a hidden check looks at, in a sentence
  std::int64_t draws = 1;  ///< fresh cases
  bool large = false;      ///< a case on which differencing one's own forward runs out of time
};

struct Exercise {
  std::string id;                    ///< "04a", permanent
  std::vector<std::string> aliases;  ///< earlier ids
  std::string title, folder, name;   ///< name: of the folder, "04a_temperature_loss"
  std::string lesson;                ///< "04"
  std::int64_t time_ms = 1000;       ///< CPU time of each check
  std::int64_t memory_mb = 512;
  std::string mine;  ///< how `pupil mine` trains with it (course/mine.h); empty: not
  std::vector<CheckSpec> checks;

  std::int64_t max_points(bool with_hidden) const;
  std::string path(const char* file) const { return folder + "/" + file; }
};

struct Objective {
  std::string id, text, lesson;
};

struct Lesson {
  std::string id, title, folder, name;  ///< name: "04_softmax_cross_entropy"
  std::int64_t minutes = 0;
  std::vector<std::string> goals, prerequisites, boundary;
  std::string behaviour, variable, rule, metric;  ///< the five steps, with the two lists below
  std::vector<std::string> examples, non_examples;
  std::vector<Exercise> exercises;  ///< by id
};

struct Course {
  std::string root;  ///< the folder that holds lessons/ and kernels/
  std::string name, version, title;
  bool release = false;         ///< no solutions here
  std::vector<Lesson> lessons;  ///< in the order of course.toml
  std::vector<Objective> objectives;

  std::string label() const { return name + "@" + version; }
  std::vector<const Exercise*> exercises() const;
  const Exercise* find_exercise(const std::string& id) const;  ///< aliases, too; null: none
  const Exercise& exercise(const std::string& id) const;       ///< throws UsageError with the list
  const Lesson& lesson(const std::string& id) const;           ///< "04" or "4"; throws UsageError
};

/// Reads everything below ROOT/lessons. Throws InputError with file and line.
Course read_course(const std::string& root);
Exercise read_exercise(const std::string& folder);
/// The root: the nearest folder above `start` with lessons/course.toml, else above the program.
/// Throws InputError when there is none.
std::string find_course_root(const std::string& start);
/// The folder of the built programs: pupil, pupil-worker, checks/ and lessons/.
std::string program_folder();

}  // namespace pupil::course
