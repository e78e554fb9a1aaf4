// 16a: what an adapter adds to a frozen linear map, with both matrices stored the other way round
// than the engine stores them, and dropout as a mask that is given.
//
//   y = gamma ((x * k) D) U      * element by element
//
//   x, k   n x in      k: 0 where dropout took the number away, 1 / (1 - p) where it stayed
//   D      in x r      "down": from the width of x to the rank r
//   U      r x out     "up": from the rank to the width of y
//   gamma  scale, no parameter
//
// Never write D U: in x out numbers are what an adapter avoids. (x * k) D is n x r.
#pragma once
#include "kernels/view.h"

namespace exercise {

void low_rank(pupil::View<double> y, pupil::View<const double> x, pupil::View<const double> k,
              pupil::View<const double> d, pupil::View<const double> u, double gamma);

/// dx, dd, du: the gradients of x, D and U when dy arrives at y. All are written, not added to.
void low_rank_backward(pupil::View<double> dx, pupil::View<double> dd, pupil::View<double> du,
                       pupil::View<const double> x, pupil::View<const double> k,
                       pupil::View<const double> d, pupil::View<const double> u, double gamma,
                       pupil::View<const double> dy);

}  // namespace exercise
