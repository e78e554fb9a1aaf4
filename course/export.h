// Grades for other systems, all of them derived from what `staff grade` left: results.json of every
// student and exercise. Totals are the gradebook's.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "course/course_tree.h"
#include "course/csv.h"
#include "course/results.h"

namespace pupil::course {

struct StudentResults {
  std::string student;
  std::vector<Results> exercises;  ///< in the order of the course

  std::int64_t points() const;
  std::int64_t max_points() const;
};

/// Reads OUT/results. Throws InputError: no such folder, or a student without all exercises.
std::vector<StudentResults> read_class(const Course& course, const std::string& out);

struct LmsFill {
  std::vector<CsvRow> rows;
  std::size_t filled = 0;
  std::vector<std::string> unmatched;  ///< students of ours that the file does not name
};
/// A file exported from a learning management system, with the totals written into `column` of the
/// row whose `match` names the student. No column is guessed: both must be in its first row.
LmsFill fill_lms(const std::vector<CsvRow>& file, const std::string& match,
                 const std::string& column, const std::vector<StudentResults>& students);

/// Gradescope's results.json: one test a check; hidden checks show after publication.
std::string gradescope_json(const Course& course, const StudentResults& student);
/// JUnit XML: a suite an exercise, a case a check.
std::string junit_xml(const StudentResults& student);
/// Per check: share of passes, and what the failures were diagnosed as; failures that nothing
/// explained are next year's mutants.
std::string statistics(const Course& course, const std::vector<StudentResults>& students);

}  // namespace pupil::course
