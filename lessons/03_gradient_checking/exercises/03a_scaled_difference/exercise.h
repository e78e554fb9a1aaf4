// 03a: the gradient of any function of n numbers, by central differences:
//
//   g_i = (f(x + h_i e_i) - f(x - h_i e_i)) / (2 h_i)      e_i: 1 in place i, 0 elsewhere
//   h_i = kStep * max(|x_i|, typical_i)                    typical_i > 0: how large x_i usually is
//
// The error of a central difference is about h^2 from the curve and eps / h from rounding (eps: the
// last digit of a double, 2.2e-16), least where h is near the third root of eps: kStep. Dennis and
// Schnabel 1983, section 5.4, on x_i that may be 0: "typical" stands in for it there.
#pragma once
#include <cstdint>

namespace exercise {

inline constexpr double kStep = 6.0554544523933429e-6;

/// f(x) is objective(x); `more` is what the function needs besides.
struct Objective {
  double (*function)(const double* x, std::int64_t n, void* more);
  void* more;
  std::int64_t n;

  double operator()(const double* x) const { return function(x, n, more); }
};

/// Writes g. x may be moved on the way; it comes back with every bit that it had.
void central_difference(double* g, double* x, const Objective& objective, const double* typical);

}  // namespace exercise
