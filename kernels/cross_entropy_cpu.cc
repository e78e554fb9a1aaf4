#include "kernels/cross_entropy.h"

#include "kernels/isa.h"
#include "kernels/math.h"
#include "kernels/parallel.h"
#include "kernels/simd.h"

namespace pupil::cpu {
namespace PUPIL_ISA {

// Calls body(z, at, k) for the vectors z of a row; k runs through 0 .. 3, for four sums side by
// side (one addition waits for the one before). Lanes behind the row's end hold `fill`.
template <class T, class Body>
PUPIL_INLINE void for_row(const T* row, std::int64_t width, T fill, Body&& body) {
  constexpr int kLanes = Vec<T>::kLanes;
  std::int64_t i = 0;
  for (; i + 4 * kLanes <= width; i += 4 * kLanes) {
    for (int k = 0; k < 4; ++k) {
      const WholeVector<T> at{i + k * kLanes};
      body(at.load(row), at, k);
    }
  }
  for (; i + kLanes <= width; i += kLanes) body(Vec<T>::load(row + i), WholeVector<T>{i}, 0);
  if (i == width) return;
  T last[kLanes];
  for (int l = 0; l < kLanes; ++l) last[l] = i + l < width ? row[i + l] : fill;
  body(Vec<T>::load(last), PartOfVector<T>{i, width - i}, 0);
}

template <class T>
inline constexpr T kMinusInfinity = -T(__builtin_inf());

template <class T>
PUPIL_INLINE T row_max(const T* row, std::int64_t width) {
  Vec<T> most[4] = {kMinusInfinity<T>, kMinusInfinity<T>, kMinusInfinity<T>, kMinusInfinity<T>};
  for_row(row, width, kMinusInfinity<T>,
          [&](Vec<T> z, auto, int k) PUPIL_INLINE_LAMBDA { most[k] = max(most[k], z); });
  return reduce_max(max(max(most[0], most[1]), max(most[2], most[3])));
}

// sum of f(z, at) over the row
template <class T, class F>
PUPIL_INLINE T row_sum(const T* row, std::int64_t width, T fill, F&& f) {
  Vec<T> sum[4] = {T(0), T(0), T(0), T(0)};
  for_row(row, width, fill,
          [&](Vec<T> z, auto at, int k) PUPIL_INLINE_LAMBDA { sum[k] += f(z, at); });
  return reduce_add((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

// The loss of a row from its max and sum; must be called while the row still holds logits.
template <class T>
PUPIL_INLINE T row_loss(const T* row, std::int64_t width, T max, T smooth, std::int32_t target,
                        T log_sum) {
  const T of_target = log_sum - (row[target] - max);
  if (smooth == 0) return of_target;
  const T shifted =
      row_sum(row, width, max, [&](Vec<T> z, auto) PUPIL_INLINE_LAMBDA { return z - Vec<T>(max); });
  return (1 - smooth) * of_target + smooth * (log_sum - shifted / T(width));
}

// Calls body(i) for all rows, in tiles of about 8192 logits.
template <class Body>
PUPIL_INLINE void for_rows(std::int64_t rows, std::int64_t width, Body&& body) {
  const std::int64_t tile = 1 + (1 << 13) / (width + 1);
  parallel_for((rows + tile - 1) / tile, [=](std::int64_t t) {
    const std::int64_t end = (t + 1) * tile < rows ? (t + 1) * tile : rows;
    for (std::int64_t i = t * tile; i < end; ++i) body(i);
  });
}

}  // namespace PUPIL_ISA

KERNEL(cross_entropy_forward,
       (T * loss, T* max, T* sum, View<const T> logits, CrossEntropyRows<T> rows),
       (loss, max, sum, logits, rows)) {
  for_rows(logits.rows, logits.width, [=](std::int64_t i) PUPIL_INLINE_LAMBDA {
    loss[i] = max[i] = sum[i] = 0;
    if (rows.masked(i)) return;
    const T* const z = logits.row(i);
    const T most = row_max(z, logits.width);
    const T s = row_sum(z, logits.width, kMinusInfinity<T>,
                        [=](Vec<T> x, auto) PUPIL_INLINE_LAMBDA { return exp(x - Vec<T>(most)); });
    max[i] = most;
    sum[i] = s;
    loss[i] = rows.weight(i) * row_loss(z, logits.width, most, rows.label_smoothing,
                                        rows.targets[i], log(Vec<T>(s)).lane(0));
  });
}
INSTANTIATE(cross_entropy_forward)

KERNEL(cross_entropy_backward,
       (View<T> dlogits, View<const T> logits, const T* max, const T* sum, CrossEntropyRows<T> rows,
        T scale, bool add),
       (dlogits, logits, max, sum, rows, scale, add)) {
  for_rows(logits.rows, logits.width, [=](std::int64_t i) PUPIL_INLINE_LAMBDA {
    T* const dz = dlogits.row(i);
    if (rows.masked(i)) {
      for (std::int64_t j = 0; !add && j < dlogits.width; ++j) dz[j] = 0;
      return;
    }
    const T* const z = logits.row(i);
    const T weight = scale * rows.weight(i);
    const Vec<T> most = max[i], factor = weight / sum[i];
    const Vec<T> smooth = weight * rows.label_smoothing / T(logits.width);
    for_vectors<T>(logits.width, [=](auto at) PUPIL_INLINE_LAMBDA {
      const Vec<T> gradient = exp(at.load(z) - most) * factor - smooth;
      at.store(dz, add ? at.load(dz) + gradient : gradient);
    });
    dz[rows.targets[i]] -= weight * (1 - rows.label_smoothing);
  });
}
INSTANTIATE(cross_entropy_backward)

KERNEL(cross_entropy_in_place, (T * loss, View<T> logits, CrossEntropyRows<T> rows),
       (loss, logits, rows)) {
  for_rows(logits.rows, logits.width, [=](std::int64_t i) PUPIL_INLINE_LAMBDA {
    T* const z = logits.row(i);
    if (rows.masked(i)) {
      loss[i] = 0;
      for (std::int64_t j = 0; j < logits.width; ++j) z[j] = 0;
      return;
    }
    const std::int32_t target = rows.targets[i];
    const T most = row_max(z, logits.width), weight = rows.weight(i);
    // With log 1 = 0 in place of log(sum); the smoothed loss is linear in it with factor 1.
    const T partial = row_loss(z, logits.width, most, rows.label_smoothing, target, T(0));
    const T s =
        row_sum(z, logits.width, kMinusInfinity<T>, [=](Vec<T> x, auto at) PUPIL_INLINE_LAMBDA {
          const Vec<T> e = exp(x - Vec<T>(most));
          at.store(z, e);
          return e;
        });
    loss[i] = weight * (partial + log(Vec<T>(s)).lane(0));
    const Vec<T> factor = weight / s;
    const Vec<T> smooth = weight * rows.label_smoothing / T(logits.width);
    for_vectors<T>(logits.width,
                   [=](auto at) PUPIL_INLINE_LAMBDA { at.store(z, at.load(z) * factor - smooth); });
    z[target] -= weight * (1 - rows.label_smoothing);
  });
}
INSTANTIATE(cross_entropy_in_place)

KERNEL(scaled_copy, (T * out, bool add, T factor, const T* inp, std::int64_t n),
       (out, add, factor, inp, n)) {
  constexpr std::int64_t kTile = 1 << 15;
  parallel_for((n + kTile - 1) / kTile, [=](std::int64_t t) {
    const std::int64_t end = (t + 1) * kTile < n ? (t + 1) * kTile : n;
    for_vectors<T>(t * kTile, end, [=](auto at) PUPIL_INLINE_LAMBDA {
      const Vec<T> scaled = at.load(inp) * Vec<T>(factor);
      at.store(out, add ? at.load(out) + scaled : scaled);
    });
  });
}
INSTANTIATE(scaled_copy)

}  // namespace pupil::cpu
