// The marked source of an exercise: solution, starter, wrong solutions and hidden checks in one
// file, so that they cannot drift apart.
//
//   // BEGIN SOLUTION loss                    a region; its name is unique in the file
//   //| // TODO: the mean over rows           the starter's lines instead of the region
//   //| not_done("loss");
//   return sum / rows;                        the solution
//   // END SOLUTION
//
//   // BEGIN MUTANT sum-not-mean of=loss fails=value
//   //! You summed over the rows and did not divide.      what a student with this mistake is told
//   //~ return sum;                           replaces the solution of region `loss`
//   // END MUTANT
//
//   // BEGIN HIDDEN   ... // END HIDDEN       runs at grading only, is in no release
//   // BEGIN STAFF    ... // END STAFF        notes, in no release
//
// A marker stands alone on its line. Regions do not nest, MUTANT and its lines stand outside of
// SOLUTION, every word that is not one of these is an error. A mutant that changes several regions
// has several MUTANT regions of one name; the first of them says `fails`. Raw strings are skipped.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pupil::course {

struct Mutant {
  std::string name;                          ///< "sum-not-mean": the key of its diagnosis
  std::string fails;                         ///< the check that must catch it
  std::string text;                          ///< the sentence for the student
  std::map<std::string, std::string> lines;  ///< region of the solution -> replacement
};

class MarkedSource {
 public:
  /// Throws InputError with path and line.
  MarkedSource(std::string_view text, const std::string& path);

  std::string starter() const;                     ///< what the student gets
  std::string solution() const;                    ///< line numbers are those of the marked file
  std::string mutant(const Mutant& mutant) const;  ///< the solution with a mistake
  std::string without_hidden() const;              ///< of checks.cc: what a release compiles
  const std::vector<Mutant>& mutants() const { return mutants_; }
  bool has_solution() const { return !regions_.empty(); }
  /// Lines of solution, mutants, hidden and staff regions: none may be in a release.
  std::vector<std::string> secret_lines() const;

 private:
  enum class Where { kPlain, kSolution, kStub, kMutant, kHidden, kStaff, kMarker };
  struct Line {
    std::string text;  // without the //| in front
    Where where = Where::kPlain;
    std::string region;  // of a solution
  };
  friend class MarkScanner;
  std::vector<Line> lines_;
  std::vector<std::string> regions_;
  std::vector<Mutant> mutants_;
};

}  // namespace pupil::course
