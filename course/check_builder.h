// From the marked sources of an exercise to the compiled checks that the grader loads (see
// course/check_library.h for what lies in the folder).
#pragma once
#include <string>

namespace pupil::course {

/// Builds reference, mutants and checks into `to`. Without `hidden` the HIDDEN regions of checks.cc
/// are left out, as in a release. Throws InputError with the compiler's message.
void build_checks(const std::string& root, const std::string& exercise_folder,
                  const std::string& to, bool hidden);

/// A hash of the sources that decide a verdict: an exercise whose fingerprint changed since it was
/// passed is outdated.
std::string exercise_fingerprint(const std::string& exercise_folder);

}  // namespace pupil::course
