// The compiled checks of an exercise: what they ask, the reference and the named mutants. Only the
// grader loads them; a worker never does.
//
//   <folder>/checks.so      pupil_checks(list), pupil_variants, pupil_fingerprint
//   <folder>/reference.so   pupil_call: the solution
//   <folder>/NAME.so        pupil_call: the mutant NAME
//
// A file that is missing or does not fit is an InputError, never an empty list of checks.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "course/course_tree.h"
#include "lessons/kit/check.h"

namespace pupil::course {

/// A wrong solution, as a release has it: its name, the check that must catch it, and what a
/// student who made this mistake is told.
struct NamedMutant {
  std::string name, fails, text;
};

class CheckLibrary {
 public:
  explicit CheckLibrary(const std::string& folder);

  kit::CheckFunction* check(const std::string& name) const;  ///< null when there is none
  const std::vector<std::string>& check_names() const { return names_; }
  const std::vector<NamedMutant>& mutants() const { return mutants_; }
  const std::string& fingerprint() const { return fingerprint_; }  ///< of the exercise's sources
  std::string object(const std::string& variant) const { return folder_ + "/" + variant + ".so"; }

  /// Fills in the outputs of the call as the reference, or a mutant, computes them. Throws
  /// InputError when the variant does not return normally.
  void run_reference(kit::Call& call) const { run("reference", call); }
  void run(const std::string& variant, kit::Call& call) const;

 private:
  kit::CallFunction* load(const std::string& variant) const;

  std::string folder_, fingerprint_;
  std::vector<std::string> names_;
  std::map<std::string, kit::CheckFunction*> checks_;
  std::vector<NamedMutant> mutants_;
  mutable std::map<std::string, kit::CallFunction*> loaded_;
};

/// The fingerprint alone, without loading reference and mutants; empty when there is no library.
std::string library_fingerprint(const std::string& folder);

/// Where the compiled checks of an exercise lie: ROOT/checks/ID in a release, else beside the
/// program.
std::string check_folder(const Course& course, const Exercise& exercise);

}  // namespace pupil::course
