// The gradient check: every element of every gradient against a central difference, in f64, with a
// random upstream gradient. Error = |a - n| / max(|n|, 0.1 max|n|, 1e-2) over a tensor; what must
// be zero is compared exactly.
//
// NB: PyTorch's gradcheck accepts a relative error of 1e-3; a wrong digit in GELU's constant
// changes the gradient by 8e-5 and passes there. What no difference quotient can see is a mistake
// made alike in forward and backward: only reference values and invariants catch it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "autograd/sample.h"

namespace pupil {

struct GradcheckResult {
  bool passed = true;
  double worst_error = 0;
  int worst_input = 0;             ///< which input
  std::int64_t worst_element = 0;  ///< which element of it, row-major
  double analytic = 0, numeric = 0;
  std::int64_t elements = 0;  ///< compared
  std::string message;        ///< empty when passed; otherwise one sentence with all of the above
};

/// f64, step h = 1e-5 max(1, |x|), fresh random upstream from `seed`.
GradcheckResult gradcheck(const OpSample& sample, std::uint64_t seed = 0);

/// One random direction u through all inputs at once: <v, J u> against <J^T v, u>. For whole
/// models.
GradcheckResult gradcheck_direction(const OpSample& sample, std::uint64_t seed = 0);

/// The slope of log |f(x + h u) - f(x) - h <g, u>| over log h: 2 for a right gradient, 1 for a
/// wrong one, without any choice of step or tolerance (the Taylor remainder test). Functions that
/// are linear along u have no remainder: then the slope is reported as 2.
double taylor_slope(const OpSample& sample, std::uint64_t seed = 0);

}  // namespace pupil
