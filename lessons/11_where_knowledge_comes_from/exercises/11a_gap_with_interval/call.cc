#include <vector>

#include "exercise.h"
#include "lessons/kit/call.h"

PUPIL_CALL {
  if (a.is("shares")) {
    const std::int64_t slices = a.size("p");
    std::vector<exercise::Share> share(static_cast<std::size_t>(slices));
    exercise::shares_by_slice(share.data(), slices, a.ids("right"), a.ids("slice"), a.size("right"),
                              a.value("z"));
    for (std::size_t s = 0; s < share.size(); ++s) {
      a.out_numbers("p")[s] = share[s].p;
      a.out_numbers("low")[s] = share[s].low;
      a.out_numbers("high")[s] = share[s].high;
    }
  }
  if (a.is("gap")) {
    const double *x = a.numbers("a"), *y = a.numbers("b");
    const exercise::Share g = exercise::gap({x[0], x[1], x[2]}, {y[0], y[1], y[2]});
    a.number("d") = g.p;
    a.number("low") = g.low;
    a.number("high") = g.high;
  }
}
