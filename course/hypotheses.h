// General mistakes that a wrong array gives away by itself: a factor, a sign, a shift by one, a
// transposition, a mask that leaks, rows left out, an overwritten sum. Mutants come first (they
// know the exercise); these are for the mistakes nobody foresaw.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "course/results.h"
#include "lessons/kit/check.h"

namespace pupil::course {

/// A number that a factor may be: ("supervised tokens", 5).
using NamedNumbers = std::vector<std::pair<std::string, double>>;

/// One output of a call: got, wanted, and what stood there before (for what is added to).
struct WrongArray {
  const kit::Argument& got;
  const kit::Argument& want;
  const std::vector<double>& before;  ///< empty: an output that starts empty
  const NamedNumbers& constants;
};

/// The hypotheses that explain every element, most specific first; empty when none does.
std::vector<Diagnosis> explain_array(const WrongArray& wrong);

}  // namespace pupil::course
