// Two results of one call, element by element.
//
//   error = |a - n| / max(|n|, 0.1 max|n|, 1e-2)     a: got, n: wanted, max over the array
//
// A wanted value that is not finite must be met exactly, and a 0 where the check says that zeros
// are exact. Integers and texts must be equal.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lessons/kit/check.h"

namespace pupil::course {

struct Worst {
  std::string tensor;
  std::vector<std::int64_t> index;
  double got = 0, want = 0, error = 0;
};

struct Comparison {
  bool same = true;
  Worst worst;                        ///< of all outputs
  std::int64_t wrong = 0, count = 0;  ///< elements of the output with the worst element
  double relative_norm = 0;           ///< |a - n| / |n| there
};

/// Both calls have the same arguments, the outputs filled in.
Comparison compare(const kit::Call& got, const kit::Call& want, double tolerance);

/// An argument's elements as numbers, whatever its kind.
std::vector<double> as_numbers(const kit::Argument& argument);
/// "dlogits[1][5]"
std::string element_name(const Worst& worst);

}  // namespace pupil::course
