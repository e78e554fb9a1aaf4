// 01c: a new operation for a scalar tape, the soft maximum of a and b with softness s > 0:
//
//   y = s log(exp(a / s) + exp(b / s))
//
// y lies above max(a, b), by s log 2 where a = b and by almost nothing where they differ by many s.
// Unlike max it has a derivative everywhere, also by s.
#pragma once

namespace exercise {

/// y. Right for a and b of 1e4 and s of 0.1, where exp(a / s) has no value in a computer.
double soft_maximum(double a, double b, double s);

/// The rule: dy is the gradient of y; the shares of a, b and s are added to what stands in *da, *db
/// and *ds. da and db may point to one number: soft_maximum(x, x, s).
void soft_maximum_rule(double* da, double* db, double* ds, double a, double b, double s, double dy);

}  // namespace exercise
