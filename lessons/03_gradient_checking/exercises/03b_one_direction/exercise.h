// 03b: does a rule belong to its forward? An operation turns n numbers x into m numbers y; its rule
// turns a gradient g of y into the gradient J^T g of x, J = dy/dx. For any direction u of x
//
//   <g, J u> = <J^T g, u>                                   <a, b> = sum_i a_i b_i
//
// The left side is a difference along u, two forwards for all n numbers at once; the right side is
// the rule's:
//
//   left  = <g, f(x + h u) - f(x - h u)> / (2 h),           h = kStep max(1, max|x|) / max|u|
//   right = <rule(x, g), u>
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

/// Both sides for one direction u (n numbers, not all 0) and one upstream g (m numbers).
Sides along(const Operation& op, const double* x, const double* u, const double* g);

/// True when at least one of `tries` pairs (u, g) refutes the rule:
///   |left - right| > kTolerance max(|left|, |right|, 0.01).
/// Try k has the direction u + k n and the upstream g + k m.
bool refuted(const Operation& op, const double* x, const double* u, const double* g,
             std::int64_t tries);

}  // namespace exercise
