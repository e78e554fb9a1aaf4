// 16a: down and up again. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <cstdint>
#include <vector>

#include "lessons/kit/not_done.h"

namespace exercise {

// A small matrix of one's own.
struct Matrix {
  Matrix(std::int64_t rows, std::int64_t width)
      : numbers(std::size_t(rows * width), 0.0), width(width) {}
  double* row(std::int64_t i) { return numbers.data() + i * width; }
  std::vector<double> numbers;
  std::int64_t width;
};

// h = (x * k) D, n x r: what comes through the narrow place.
static Matrix narrow(pupil::View<const double> x, pupil::View<const double> k,
                     pupil::View<const double> d) {
  Matrix h(x.rows, d.width);
  // BEGIN SOLUTION narrow
  //| (void)k;
  //| not_done("h = (x * k) D");
  for (std::int64_t i = 0; i < x.rows; ++i) {
    for (std::int64_t c = 0; c < x.width; ++c) {
      const double kept = x.row(i)[c] * k.row(i)[c];
      for (std::int64_t q = 0; q < d.width; ++q) h.row(i)[q] += kept * d.row(c)[q];
    }
  }
  // END SOLUTION
  return h;
}

void low_rank(pupil::View<double> y, pupil::View<const double> x, pupil::View<const double> k,
              pupil::View<const double> d, pupil::View<const double> u, double gamma) {
  Matrix h = narrow(x, k, d);
  // BEGIN SOLUTION value
  //| (void)y, (void)u, (void)gamma, (void)h;
  //| not_done("y = gamma h U");
  for (std::int64_t i = 0; i < y.rows; ++i) {
    for (std::int64_t o = 0; o < y.width; ++o) {
      double sum = 0;
      for (std::int64_t q = 0; q < u.rows; ++q) sum += h.row(i)[q] * u.row(q)[o];
      y.row(i)[o] = gamma * sum;
    }
  }
  // END SOLUTION
}

// dh = gamma dy U^T, n x r: what comes back to the narrow place. D and x both need it.
static Matrix narrow_gradient(pupil::View<const double> u, double gamma,
                              pupil::View<const double> dy) {
  Matrix dh(dy.rows, u.rows);
  // BEGIN SOLUTION back
  //| (void)gamma;
  //| not_done("dh = gamma dy U^T");
  for (std::int64_t i = 0; i < dy.rows; ++i) {
    for (std::int64_t q = 0; q < u.rows; ++q) {
      for (std::int64_t o = 0; o < dy.width; ++o) {
        dh.row(i)[q] += gamma * dy.row(i)[o] * u.row(q)[o];
      }
    }
  }
  // END SOLUTION
  return dh;
}

void low_rank_backward(pupil::View<double> dx, pupil::View<double> dd, pupil::View<double> du,
                       pupil::View<const double> x, pupil::View<const double> k,
                       pupil::View<const double> d, pupil::View<const double> u, double gamma,
                       pupil::View<const double> dy) {
  Matrix h = narrow(x, k, d);
  Matrix dh = narrow_gradient(u, gamma, dy);
  // BEGIN SOLUTION up
  //| (void)du, (void)h;
  //| not_done("du");
  for (std::int64_t q = 0; q < du.rows; ++q) {
    for (std::int64_t o = 0; o < du.width; ++o) {
      double sum = 0;
      for (std::int64_t i = 0; i < dy.rows; ++i) sum += h.row(i)[q] * dy.row(i)[o];
      du.row(q)[o] = gamma * sum;
    }
  }
  // END SOLUTION
  // BEGIN SOLUTION down
  //| (void)dd, (void)dh;
  //| not_done("dd");
  for (std::int64_t c = 0; c < dd.rows; ++c) {
    for (std::int64_t q = 0; q < dd.width; ++q) {
      double sum = 0;
      for (std::int64_t i = 0; i < x.rows; ++i) sum += x.row(i)[c] * k.row(i)[c] * dh.row(i)[q];
      dd.row(c)[q] = sum;
    }
  }
  // END SOLUTION
  // BEGIN SOLUTION input
  //| (void)dx;
  //| not_done("dx");
  for (std::int64_t i = 0; i < dx.rows; ++i) {
    for (std::int64_t c = 0; c < dx.width; ++c) {
      double sum = 0;
      for (std::int64_t q = 0; q < d.width; ++q) sum += dh.row(i)[q] * d.row(c)[q];
      dx.row(i)[c] = k.row(i)[c] * sum;
    }
  }
  // END SOLUTION
}

// BEGIN MUTANT mask-forgotten of=narrow fails=value
//! The mask k is not used: what dropout took away still reaches D.
//~ (void)k;
//~ for (std::int64_t i = 0; i < x.rows; ++i) {
//~   for (std::int64_t c = 0; c < x.width; ++c) {
//~     for (std::int64_t q = 0; q < d.width; ++q) h.row(i)[q] += x.row(i)[c] * d.row(c)[q];
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT kept-not-enlarged of=narrow fails=value
//! You asked only whether k is 0. Where a number stays, k is 1 / (1 - p) and enlarges it.
//~ for (std::int64_t i = 0; i < x.rows; ++i) {
//~   for (std::int64_t c = 0; c < x.width; ++c) {
//~     if (k.row(i)[c] == 0) continue;
//~     for (std::int64_t q = 0; q < d.width; ++q) h.row(i)[q] += x.row(i)[c] * d.row(c)[q];
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT scale-forgotten of=value fails=value
//! The scale gamma is missing in y.
//~ (void)gamma;
//~ for (std::int64_t i = 0; i < y.rows; ++i) {
//~   for (std::int64_t o = 0; o < y.width; ++o) {
//~     double sum = 0;
//~     for (std::int64_t q = 0; q < u.rows; ++q) sum += h.row(i)[q] * u.row(q)[o];
//~     y.row(i)[o] = sum;
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT scale-forgotten-on-the-way-back of=back fails=gradient
//! dh lacks the scale gamma, and with it dD and dx; dU is right.
//~ (void)gamma;
//~ for (std::int64_t i = 0; i < dy.rows; ++i) {
//~   for (std::int64_t q = 0; q < u.rows; ++q) {
//~     for (std::int64_t o = 0; o < dy.width; ++o) dh.row(i)[q] += dy.row(i)[o] * u.row(q)[o];
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT scale-twice of=up fails=gradient
//! The scale gamma is in dU twice.
//~ for (std::int64_t q = 0; q < du.rows; ++q) {
//~   for (std::int64_t o = 0; o < du.width; ++o) {
//~     double sum = 0;
//~     for (std::int64_t i = 0; i < dy.rows; ++i) sum += h.row(i)[q] * dy.row(i)[o];
//~     du.row(q)[o] = gamma * gamma * sum;
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT last-row-only of=up fails=gradient
//! dU holds the last row of x alone: every row adds to it.
//~ for (std::int64_t i = 0; i < dy.rows; ++i) {
//~   for (std::int64_t q = 0; q < du.rows; ++q) {
//~     for (std::int64_t o = 0; o < du.width; ++o) {
//~       du.row(q)[o] = gamma * h.row(i)[q] * dy.row(i)[o];
//~     }
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT unmasked-input-in-down of=down fails=gradient
//! dD is computed from x; what D was multiplied with is x * k.
//~ for (std::int64_t c = 0; c < dd.rows; ++c) {
//~   for (std::int64_t q = 0; q < dd.width; ++q) {
//~     double sum = 0;
//~     for (std::int64_t i = 0; i < x.rows; ++i) sum += x.row(i)[c] * dh.row(i)[q];
//~     dd.row(c)[q] = sum;
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT mask-forgotten-in-dx of=input fails=gradient
//! dx passes the mask by: a number that was taken away in forward gets a gradient.
//~ for (std::int64_t i = 0; i < dx.rows; ++i) {
//~   for (std::int64_t c = 0; c < dx.width; ++c) {
//~     double sum = 0;
//~     for (std::int64_t q = 0; q < d.width; ++q) sum += dh.row(i)[q] * d.row(c)[q];
//~     dx.row(i)[c] = sum;
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT only-the-first-column of=input fails=gradient
//! dx uses the first of the r numbers of dh only; all r came from x, so all r come back.
//~ for (std::int64_t i = 0; i < dx.rows; ++i) {
//~   for (std::int64_t c = 0; c < dx.width; ++c) {
//~     dx.row(i)[c] = k.row(i)[c] * dh.row(i)[0] * d.row(c)[0];
//~   }
//~ }
// END MUTANT

}  // namespace exercise
