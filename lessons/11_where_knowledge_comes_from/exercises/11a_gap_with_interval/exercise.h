// 11a: how large is a gap between two slices of a test, and how sure is it? Question i lies in
// slice slice[i] and was answered rightly (right[i] = 1) or not (0). Of slice s, with n questions:
//
//   p    = (number right) / n
//   low  = (p + z^2/2n - r) / (1 + z^2/n),   high = (p + z^2/2n + r) / (1 + z^2/n)
//   r    = z sqrt(p (1 - p) / n + z^2/4n^2)                                      (Wilson 1927)
//
// and of the gap d = p_a - p_b between slices a and b (Newcombe 1998, method 10):
//
//   d - sqrt((p_a - low_a)^2 + (high_b - p_b)^2)  ..  d + sqrt((high_a - p_a)^2 + (p_b - low_b)^2)
//
// The interval of a difference is shorter than the difference of the intervals: both shares are
// seldom off in opposite directions at once. A slice without a question has p = 0, low = 0,
// high = 1.
#pragma once
#include <cstdint>

namespace exercise {

struct Share {
  double p, low, high;
};

/// share[s] for each slice. `count`: questions; 0 <= slice[i] < slices.
void shares_by_slice(Share* share, std::int64_t slices, const std::int32_t* right,
                     const std::int32_t* slice, std::int64_t count, double z);

/// p: the gap of a minus b; low and high: its interval.
Share gap(const Share& a, const Share& b);

}  // namespace exercise
