// Gives NaN, which no comparison with < finds wrong.
// exercise: 04a
// expect: fail
// behind the list of symbols: fail
#include "exercise.h"

#include <limits>

double exercise::temperature_loss(pupil::View<const double>, const std::int32_t*, double) {
  return std::numeric_limits<double>::quiet_NaN();
}

double exercise::temperature_loss_backward(pupil::View<double> dlogits, pupil::View<const double>,
                                           const std::int32_t*, double, double) {
  dlogits.data[0] = std::numeric_limits<double>::quiet_NaN();
  return std::numeric_limits<double>::quiet_NaN();
}
