// Gives infinities, whose distance to each other is no number.
// exercise: 04a
// expect: fail
// behind the list of symbols: fail
#include "exercise.h"

#include <limits>

double exercise::temperature_loss(pupil::View<const double>, const std::int32_t*, double) {
  return std::numeric_limits<double>::infinity();
}

double exercise::temperature_loss_backward(pupil::View<double> dlogits, pupil::View<const double>,
                                           const std::int32_t*, double, double) {
  for (std::int64_t i = 0; i < dlogits.rows * dlogits.width; ++i) {
    dlogits.data[i] = std::numeric_limits<double>::infinity();
  }
  return -std::numeric_limits<double>::infinity();
}
