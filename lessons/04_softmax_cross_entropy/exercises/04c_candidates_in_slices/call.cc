#include "lessons/kit/call.h"

#include <algorithm>
#include <cmath>

#include "exercise.h"

namespace {

// A row of logits and its candidates, cut into slices of `width` columns; the last may be shorter.
struct Row {
  const double* z;
  const std::int32_t* candidate;
  std::int64_t columns, width;

  template <class Visit>
  void for_each_slice(Visit visit) const {
    for (std::int64_t begin = 0; begin < columns; begin += width) {
      visit(begin, std::min(width, columns - begin));
    }
  }
  // One slice after the other.
  exercise::Seen seen() const {
    exercise::Seen all;
    for_each_slice([&](std::int64_t begin, std::int64_t n) {
      all = exercise::see(all, z + begin, candidate + begin, n);
    });
    return all;
  }
  // Each slice by itself, then joined.
  exercise::Seen joined() const {
    exercise::Seen all;
    for_each_slice([&](std::int64_t begin, std::int64_t n) {
      all = exercise::join(all, exercise::see({}, z + begin, candidate + begin, n));
    });
    return all;
  }
};

}  // namespace

PUPIL_CALL {
  const pupil::View<const double> logits = a.view("logits");
  const std::int32_t* targets = a.ids("targets");
  const auto row = [&](std::int64_t i) {
    return Row{logits.row(i), a.ids("candidates") + i * logits.width, logits.width,
               a.integer("slice")};
  };
  const auto loss = [&](std::int64_t i, exercise::Seen all) {
    return all.largest + std::log(all.total) - logits.row(i)[targets[i]];
  };
  if (a.is("loss")) {
    for (std::int64_t i = 0; i < logits.rows; ++i) {
      a.out_numbers("loss")[i] = loss(i, row(i).seen());
    }
  }
  if (a.is("joined")) {
    for (std::int64_t i = 0; i < logits.rows; ++i) {
      a.out_numbers("loss")[i] = loss(i, row(i).joined());
    }
  }
  if (a.is("backward")) {
    for (std::int64_t i = 0; i < logits.rows; ++i) {
      const Row r = row(i);
      const exercise::Seen all = r.seen();
      r.for_each_slice([&](std::int64_t begin, std::int64_t n) {
        exercise::slice_backward(a.out("dlogits").row(i) + begin, r.z + begin, r.candidate + begin,
                                 n, begin, all, targets[i], a.numbers("dloss")[i]);
      });
    }
  }
}
