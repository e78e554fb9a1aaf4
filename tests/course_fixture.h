// What tests of the course share: the course of this source tree, and a folder of its own for each
// test.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "course/check_library.h"
#include "course/grader.h"
#include "course/marks.h"
#include "nn/file.h"
#include "tests/text_files.h"

namespace pupil::test {

class CourseTest : public ::testing::Test {
 protected:
  CourseTest() : tree(course::read_course(PUPIL_SOURCE_DIR)) {}

  const course::Exercise& exercise(const std::string& id) const { return tree.exercise(id); }
  std::string checks(const std::string& id) const {
    return course::check_folder(tree, exercise(id));
  }
  /// The marked source of an exercise.
  course::MarkedSource source(const std::string& id) const {
    const std::string path = exercise(id).path("exercise.cc");
    return {read_file(path), path};
  }
  /// Grades a text as a student's file.
  course::Results grade(const std::string& id, const std::string& text,
                        course::GradeOptions options = {.seed = 5}) const {
    const std::string file = files.write("exercise.cc", text);
    options.results = files.path() + "/results.json";
    return grade_file(tree, exercise(id), file, files.path() + "/build", checks(id), options);
  }

  course::Course tree;
  TemporaryFolder files;
};

}  // namespace pupil::test
