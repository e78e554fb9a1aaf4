#include "kernels/softmax.h"

#include <cstdint>

#include "kernels/isa.h"
#include "kernels/math.h"
#include "kernels/parallel.h"
#include "kernels/simd.h"

namespace pupil::cpu {
namespace PUPIL_ISA {

// body(i) for every row, in tasks of some 2^12 elements.
template <class Body>
PUPIL_INLINE void for_rows(std::int64_t rows, std::int64_t width, Body body) {
  const std::int64_t tile = 1 + (1 << 12) / (width + 1);
  parallel_for((rows + tile - 1) / tile, [=](std::int64_t t) {
    const std::int64_t end = (t + 1) * tile < rows ? (t + 1) * tile : rows;
    for (std::int64_t i = t * tile; i < end; ++i) body(i);
  });
}

// What is subtracted before exp: the largest element, or 0 when that is infinite (inf - inf is
// NaN).
template <class T>
PUPIL_INLINE T shift_of(const T* x, std::int64_t width) {
  constexpr std::int64_t kLanes = Vec<T>::kLanes;
  const Vec<T> lowest = T(-__builtin_inf());
  Vec<T> a = lowest, b = lowest, c = lowest, d = lowest;
  std::int64_t i = 0;
  for (; i + 4 * kLanes <= width; i += 4 * kLanes) {
    a = max(a, Vec<T>::load(x + i));
    b = max(b, Vec<T>::load(x + i + kLanes));
    c = max(c, Vec<T>::load(x + i + 2 * kLanes));
    d = max(d, Vec<T>::load(x + i + 3 * kLanes));
  }
  for_vectors<T>(i, width, [&](auto at) PUPIL_INLINE_LAMBDA { a = max(a, at.load(x, lowest)); });
  const T largest = reduce_max(max(max(a, b), max(c, d)));
  return __builtin_isinf(largest) ? T(0) : largest;
}

// sum of exp(x - shift); behind the row exp(-inf) = 0.
template <class T>
PUPIL_INLINE T sum_of_exp(const T* x, std::int64_t width, T shift) {
  const Vec<T> lowest = T(-__builtin_inf());
  Vec<T> sum = T(0);
  for_vectors<T>(width,
                 [&](auto at) PUPIL_INLINE_LAMBDA { sum += exp(at.load(x, lowest) - shift); });
  return reduce_add(sum);
}

}  // namespace PUPIL_ISA

KERNEL(softmax_forward, (View<T> out, View<const T> inp), (out, inp)) {
  for_rows(inp.rows, inp.width, [=](std::int64_t i) {
    const T* const x = inp.row(i);
    T* const y = out.row(i);
    const T shift = shift_of(x, inp.width);
    const Vec<T> lowest = T(-__builtin_inf());
    Vec<T> sum = T(0);
    for_vectors<T>(inp.width, [&](auto at) PUPIL_INLINE_LAMBDA {
      const Vec<T> e = exp(at.load(x, lowest) - shift);
      sum += e;
      at.store(y, e);
    });
    const T factor = T(1) / reduce_add(sum);
    for_vectors<T>(inp.width,
                   [&](auto at) PUPIL_INLINE_LAMBDA { at.store(y, at.load(y) * factor); });
  });
}
INSTANTIATE(softmax_forward)

KERNEL(softmax_backward, (View<T> dinp, bool add, View<const T> dout, View<const T> out),
       (dinp, add, dout, out)) {
  for_rows(out.rows, out.width, [=](std::int64_t i) {
    const T *const y = out.row(i), *const dy = dout.row(i);
    T* const dx = dinp.row(i);
    Vec<T> sum = T(0);
    for_vectors<T>(out.width,
                   [&](auto at) PUPIL_INLINE_LAMBDA { sum = fma(at.load(dy), at.load(y), sum); });
    const T dot = reduce_add(sum);
    for_vectors<T>(out.width, [&](auto at) PUPIL_INLINE_LAMBDA {
      const Vec<T> d = at.load(y) * (at.load(dy) - dot);
      at.store(dx, add ? at.load(dx) + d : d);
    });
  });
}
INSTANTIATE(softmax_backward)

KERNEL(log_softmax_forward, (View<T> out, View<const T> inp), (out, inp)) {
  for_rows(inp.rows, inp.width, [=](std::int64_t i) {
    const T* const x = inp.row(i);
    T* const y = out.row(i);
    const T shift = shift_of(x, inp.width);
    const T log_sum = T(__builtin_log(sum_of_exp(x, inp.width, shift)));
    for_vectors<T>(inp.width, [&](auto at) PUPIL_INLINE_LAMBDA {
      at.store(y, (at.load(x) - shift) - log_sum);
    });
  });
}
INSTANTIATE(log_softmax_forward)

KERNEL(log_softmax_backward, (View<T> dinp, bool add, View<const T> dout, View<const T> out),
       (dinp, add, dout, out)) {
  for_rows(out.rows, out.width, [=](std::int64_t i) {
    const T *const y = out.row(i), *const dy = dout.row(i);
    T* const dx = dinp.row(i);
    Vec<T> sum = T(0);
    for_vectors<T>(out.width, [&](auto at) PUPIL_INLINE_LAMBDA { sum += at.load(dy); });
    const T total = reduce_add(sum);
    for_vectors<T>(out.width, [&](auto at) PUPIL_INLINE_LAMBDA {
      const Vec<T> d = at.load(dy) - exp(at.load(y)) * total;
      at.store(dx, add ? at.load(dx) + d : d);
    });
  });
}
INSTANTIATE(log_softmax_backward)

KERNEL(logsumexp_forward, (T * out, View<const T> inp), (out, inp)) {
  for_rows(inp.rows, inp.width, [=](std::int64_t i) {
    const T shift = shift_of(inp.row(i), inp.width);
    out[i] = shift + T(__builtin_log(sum_of_exp(inp.row(i), inp.width, shift)));
  });
}
INSTANTIATE(logsumexp_forward)

KERNEL(logsumexp_backward, (View<T> dinp, bool add, const T* dout, View<const T> inp, const T* out),
       (dinp, add, dout, inp, out)) {
  for_rows(inp.rows, inp.width, [=](std::int64_t i) {
    const T* const x = inp.row(i);
    T* const dx = dinp.row(i);
    const T dl = dout[i], shift = __builtin_isinf(out[i]) ? T(0) : out[i];
    for_vectors<T>(inp.width, [&](auto at) PUPIL_INLINE_LAMBDA {
      const Vec<T> d = exp(at.load(x) - shift) * dl;
      at.store(dx, add ? at.load(dx) + d : d);
    });
  });
}
INSTANTIATE(logsumexp_backward)

}  // namespace pupil::cpu
