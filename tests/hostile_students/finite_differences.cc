// A right loss, and as its gradient the differences of that loss: no derivative was understood.
// exercise: 04a
// expect: timeout
// behind the list of symbols: timeout
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <vector>

double exercise::temperature_loss(pupil::View<const double> logits, const std::int32_t* targets,
                                  double tau) {
  double sum = 0;
  for (std::int64_t i = 0; i < logits.rows; ++i) {
    const double* z = logits.row(i);
    const double largest = *std::max_element(z, z + logits.width);
    double total = 0;
    for (std::int64_t v = 0; v < logits.width; ++v) total += std::exp((z[v] - largest) / tau);
    sum += std::log(total) + (largest - z[targets[i]]) / tau;
  }
  return sum / double(logits.rows);
}

double exercise::temperature_loss_backward(pupil::View<double> dlogits,
                                           pupil::View<const double> logits,
                                           const std::int32_t* targets, double tau, double dloss) {
  std::vector<double> z(logits.data, logits.data + logits.rows * logits.width);
  const pupil::View<const double> moved =
      pupil::dense<const double>(z.data(), logits.rows, logits.width);
  constexpr double kStep = 1e-5;
  for (std::size_t i = 0; i < z.size(); ++i) {
    const double before = z[i];
    z[i] = before + kStep;
    const double above = temperature_loss(moved, targets, tau);
    z[i] = before - kStep;
    const double below = temperature_loss(moved, targets, tau);
    z[i] = before;
    dlogits.data[i] = dloss * (above - below) / (2 * kStep);
  }
  return dloss *
         (temperature_loss(logits, targets, tau + kStep) -
          temperature_loss(logits, targets, tau - kStep)) /
         (2 * kStep);
}
