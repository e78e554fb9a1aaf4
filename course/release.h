// A course without its solutions: what students get.
//
//   OUT/NAME-student-VERSION/     the engine's sources, lessons with starters instead of marked
//                                 sources, checks/ID/ compiled without hidden checks
//   OUT/NAME-student-VERSION.tar.gz
//
// Left out: checks.cc, solutions, mutants, hidden checks, staff notes, and the tests of the course.
#pragma once
#include <string>

#include "course/course_tree.h"

namespace pupil::course {

struct Release {
  std::string tree, archive, sha256;
  std::size_t exercises = 0, files = 0, secrets = 0;
};

/// Throws InputError: the folder is there already, a starter does not build or is not not_done, or
/// a secret line is in the tree (all of them named).
Release release(const Course& course, const std::string& out);

}  // namespace pupil::course
