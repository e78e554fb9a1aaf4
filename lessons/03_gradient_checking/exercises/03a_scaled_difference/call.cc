#include "lessons/kit/call.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "exercise.h"

namespace {

// size * sum_i (c_i sin(x_i / u_i) + c_i c_{i+1} cos(x_i / u_i) sin(x_{i+1} / u_{i+1})): each term
// bends on the scale of its number.
struct Waves {
  const double *heights, *lengths;
  double size;
};

double waves(const double* x, std::int64_t n, void* more) {
  const Waves& w = *static_cast<const Waves*>(more);
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t next = (i + 1) % n;
    sum += w.heights[i] * std::sin(x[i] / w.lengths[i]) + w.heights[i] * w.heights[next] *
                                                              std::cos(x[i] / w.lengths[i]) *
                                                              std::sin(x[next] / w.lengths[next]);
  }
  return w.size * sum;
}

}  // namespace

PUPIL_CALL {
  Waves w{a.numbers("heights"), a.numbers("lengths"), a.value("size")};
  const std::int64_t n = a.size("x");
  std::vector<double> x(a.numbers("x"), a.numbers("x") + n);
  std::vector<double> g(x.size(), std::nan(""));
  exercise::central_difference(g.data(), x.data(), {waves, &w, n}, a.numbers("typical"));
  if (a.is("difference")) std::copy(g.begin(), g.end(), a.out_numbers("dx"));
  if (a.is("count moved")) {
    a.out_integer("moved") = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      a.out_integer("moved") += x[std::size_t(i)] != a.numbers("x")[i];
    }
  }
}
