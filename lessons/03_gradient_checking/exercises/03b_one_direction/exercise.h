// 03b: does a rule belong to its forward? An operation turns n numbers x into m numbers y; its rule
// turns a gradient v of y into the gradient J^T v of x, J = dy/dx. For any direction u of x
//
//   <v, J u> = <J^T v, u>                                   <a, b> = sum_i a_i b_i
//
// The left side is a difference along u, two forwards for all n numbers at once; the right side is
// the rule's:
//
//   left  = <v, f(x + h u) - f(x - h u)> / (2 h),           h = kStep max(1, max|x|) / max|u|
//   right = <rule(x, v), u>
#pragma once
#include <cstdint>

namespace exercise {

inline constexpr double kStep = 6.0554544523933429e-6;  // third root of the machine's precision
inline constexpr double kTolerance = 1e-6;

struct Operation {
  void (*forward)(double* y, const double* x, const void* more);
  void (*rule)(double* dx, const double* x, const double* dy, const void* more);  ///< writes dx
  const void* more;
  std::int64_t n, m;
};

struct Sides {
  double left, right;
};

/// Both sides for one direction u (n numbers, not all 0) and one upstream v (m numbers).
Sides along(const Operation& op, const double* x, const double* u, const double* v);

/// True when at least one of `tries` pairs (u, v) refutes the rule:
///   |left - right| > kTolerance max(|left|, |right|, 0.01).
/// Try k has the direction u + k n and the upstream v + k m.
bool refuted(const Operation& op, const double* x, const double* u, const double* v,
             std::int64_t tries);

}  // namespace exercise
