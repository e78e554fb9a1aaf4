#include "lessons/kit/call.h"

#include <cmath>
#include <vector>

#include "exercise.h"

namespace {

using exercise::Operation;

// y = softmax(W x), W: m x n, and rules for it: the first one is right.
enum Rule : std::int32_t { kRight, kZero, kTwice, kNotCentred, kShifted, kLeak };

struct Softmax {
  pupil::View<const double> w;
  std::int32_t rule;
};

void forward(double* y, const double* x, const void* more) {
  const auto& w = static_cast<const Softmax*>(more)->w;
  double total = 0;
  for (std::int64_t k = 0; k < w.rows; ++k) {
    double z = 0;
    for (std::int64_t i = 0; i < w.width; ++i) z += w.row(k)[i] * x[i];
    total += y[k] = std::exp(z);
  }
  for (std::int64_t k = 0; k < w.rows; ++k) y[k] /= total;
}

void rule(double* dx, const double* x, const double* dy, const void* more) {
  const auto& [w, kind] = *static_cast<const Softmax*>(more);
  std::vector<double> p(std::size_t(w.rows)), dz(p.size());
  forward(p.data(), x, more);
  double mean = 0;
  for (std::size_t k = 0; k < p.size(); ++k) {
    dz[k] = kind == kShifted ? dy[(k + 1) % p.size()] : dy[k];
    mean += p[k] * dz[k];
  }
  if (kind == kNotCentred) mean = 0;
  for (std::size_t k = 0; k < p.size(); ++k) dz[k] = p[k] * (dz[k] - mean);
  for (std::int64_t i = 0; i < w.width; ++i) {
    dx[i] = 0;
    for (std::int64_t k = 0; k < w.rows; ++k) dx[i] += w.row(k)[i] * dz[std::size_t(k)];
    if (kind == kZero) dx[i] = 0;
    if (kind == kTwice) dx[i] *= 2;
  }
  if (kind == kLeak) dx[0] += 1;
}

}  // namespace

PUPIL_CALL {
  Softmax softmax{a.view("w"), kRight};
  const Operation op{forward, rule, &softmax, softmax.w.width, softmax.w.rows};
  if (a.is("sides")) {
    const exercise::Sides s = exercise::along(op, a.numbers("x"), a.numbers("u"), a.numbers("g"));
    a.out_numbers("sides")[0] = s.left;
    a.out_numbers("sides")[1] = s.right;
  }
  if (a.is("verdicts")) {
    for (std::int64_t i = 0; i < a.size("rules"); ++i) {
      softmax.rule = a.ids("rules")[i];
      a.out_ids("verdicts")[i] =
          exercise::refuted(op, a.numbers("x"), a.numbers("u"), a.numbers("g"), a.size("u") / op.n);
    }
  }
}
