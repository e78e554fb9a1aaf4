// Items: everything a student answers with a line instead of a program. Quiz, match and classify
// are one form; each way to answer is a kind of it. docs/course.md describes the files for authors.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "course/book/lesson_report.h"
#include "course/course_tree.h"

namespace pupil::course {

/// One line to choose. Every option says why it is right or wrong.
struct Option {
  std::string text, why;
  bool right = false;
  std::string misconception{};  ///< of a wrong one: the belief behind it
  std::string refuted_by{};     ///< and the number of the lesson's report that refutes it
};

/// A term and what belongs to it; an empty `left` is a right side that belongs to none.
struct Pair {
  std::string left, right, why;
};

/// A model that may have written a text, and what gives it away.
struct Label {
  std::string key, model, text, why;
};

/// Why someone thinks so: it speaks for the label `key`s.
struct Reason {
  std::string key, text, label;
};

struct Item {
  enum class Kind { kSingle, kMultiple, kNumeric, kMatch, kClassify };
  Kind kind = Kind::kSingle;
  std::string id{}, objective{}, question{};
  bool skill = false;                ///< one of the four of the skill check
  std::vector<Option> options{};     ///< single, multiple
  double answer = 0, tolerance = 0;  ///< numeric; tolerance is absolute
  std::string unit{}, why{};         ///< numeric, classify
  std::vector<Pair> pairs{};         ///< match
  std::vector<Label> labels{};       ///< classify
  std::vector<Reason> reasons{};
  std::string label{};  ///< classify: the right one's key
};

/// All items of one kind in one lesson.
struct ItemSet {
  std::string name;  ///< "04-quiz": names its state and its results
  std::string title;
  std::string sha256;  ///< of the file that it was read from
  std::vector<Item> items;
};

/// lessons/NN/quiz.toml. Throws InputError with file and line: an option without its reason, a
/// wrong one without its misconception, no right one, an objective that the course does not have,
/// an id twice.
ItemSet read_quiz(const Course& course, const Lesson& lesson);
/// lessons/NN/match.toml.
ItemSet read_match(const Course& course, const Lesson& lesson);
/// lessons/NN/classify.toml, with texts that the lesson's models wrote: `report` has them, `seed`
/// chooses among them, as many of each model.
ItemSet read_classify(const Course& course, const Lesson& lesson, const LessonReport& report,
                      std::uint64_t seed);

/// 0 .. count-1 in an order that depends on `seed` and `name` alone.
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed, const std::string& name);

}  // namespace pupil::course
