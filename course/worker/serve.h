// The worker's loop: loads the student's object and answers calls until the grader closes the pipe.
#pragma once
#include <string>

namespace pupil::course {

/// Says whether the object could be loaded, then serves. Returns the exit status.
int serve(const std::string& object);

}  // namespace pupil::course
