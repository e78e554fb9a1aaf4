// The files of a new exercise: complete, building, and failing `staff validate` until they are
// filled in.
#pragma once
#include <string>

#include "course/course_tree.h"

namespace pupil::course {

/// `name` is "09c_my_exercise". Returns the folder. Throws UsageError when it exists or the name
/// does not begin with the lesson's number.
std::string scaffold(const Course& course, const Lesson& lesson, const std::string& name);

}  // namespace pupil::course
