// The central difference of a forward call, laid out as its backward call: for an output y with
// upstream dy and an input x,
//
//   dx[i] = (L(x + h e_i) - L(x - h e_i)) / 2h,   L = sum(dy y),   h = 1e-5 max(1, |x_i|)
//
// The two calls belong together by their names: y and dy, x and dx. A scalar loss without a dy has
// the upstream 1.
#pragma once
#include <functional>
#include <optional>

#include "lessons/kit/check.h"

namespace pupil::course {

inline constexpr double kNumericTolerance = 1e-6;
/// Above this many elements a difference takes too long: nothing is computed.
inline constexpr std::int64_t kMostDifferences = 400;

/// `backward` with its outputs filled in, what stood in arrays that are added to included. `run`
/// fills in the outputs of a forward call, false when it cannot. Nothing: too large, or no run.
std::optional<kit::Call> numeric_gradient(const kit::Call& forward, const kit::Call& backward,
                                          const std::function<bool(kit::Call&)>& run);

}  // namespace pupil::course
