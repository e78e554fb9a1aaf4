#include "kernels/reduce.h"

#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/simd.h"

namespace pupil::cpu {
namespace PUPIL_ISA {

constexpr std::int64_t kSumBlock = 128;        // numbers added one after the other
constexpr std::int64_t kSumColumns = 128;      // columns that are reduced together
constexpr std::int64_t kReduceTask = 1 << 14;  // elements that are worth a thread's while

PUPIL_INLINE std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
PUPIL_INLINE std::int64_t parts(std::int64_t n, std::int64_t size) { return (n + size - 1) / size; }

// sum of term(at) over elements 0 .. n-1 of a row: four sums that do not wait for each other, and a
// new start every kSumChunk elements. Lanes behind the row must come out as 0.
template <class T, class Term>
PUPIL_INLINE T sum_of_row(std::int64_t n, Term term) {
  constexpr std::int64_t kLanes = Vec<T>::kLanes;
  T total = 0;
  for (std::int64_t begin = 0; begin < n; begin += kSumChunk) {
    const std::int64_t end = smaller(begin + kSumChunk, n);
    Vec<T> a = T(0), b = T(0), c = T(0), d = T(0);
    std::int64_t i = begin;
    for (; i + 4 * kLanes <= end; i += 4 * kLanes) {
      a += term(WholeVector<T>{i});
      b += term(WholeVector<T>{i + kLanes});
      c += term(WholeVector<T>{i + 2 * kLanes});
      d += term(WholeVector<T>{i + 3 * kLanes});
    }
    for_vectors<T>(i, end, [&](auto at) PUPIL_INLINE_LAMBDA { a += term(at); });
    total += reduce_add((a + b) + (c + d));
  }
  return total;
}

// total[j] = sum over k < n of term(k, j), for `count` <= kSumColumns columns side by side.
template <class T, class Term>
PUPIL_INLINE void sum_of_columns(T* total, std::int64_t n, std::int64_t count, Term term) {
  for (std::int64_t j = 0; j < count; ++j) total[j] = 0;
  for (std::int64_t begin = 0; begin < n; begin += kSumBlock) {
    T block[kSumColumns] = {};
    for (std::int64_t k = begin; k < smaller(begin + kSumBlock, n); ++k) {
      for (std::int64_t j = 0; j < count; ++j) block[j] += term(k, j);
    }
    for (std::int64_t j = 0; j < count; ++j) total[j] += block[j];
  }
}

// body(o, begin, end): results out[o, begin..end) of the (outer, inner) results.
template <class Body>
PUPIL_INLINE void for_results(Axis axis, Body body) {
  if (axis.inner == 1) {
    const std::int64_t rows = 1 + kReduceTask / (axis.n + 1);
    parallel_for(parts(axis.outer, rows), [=](std::int64_t task) {
      for (std::int64_t o = task * rows; o < smaller((task + 1) * rows, axis.outer); ++o) {
        body(o, 0, 1);
      }
    });
  } else {
    const std::int64_t blocks = parts(axis.inner, kSumColumns);
    parallel_for(axis.outer * blocks, [=](std::int64_t task) {
      const std::int64_t begin = task % blocks * kSumColumns;
      body(task / blocks, begin, smaller(begin + kSumColumns, axis.inner));
    });
  }
}

// body(o, begin, end): elements [o, begin..end, :] of the (outer, n, inner) gradient.
template <class Body>
PUPIL_INLINE void for_elements(Axis axis, Body body) {
  const std::int64_t length = 1 + kReduceTask / (axis.inner + 1), blocks = parts(axis.n, length);
  parallel_for(axis.outer * blocks, [=](std::int64_t task) {
    const std::int64_t begin = task % blocks * length;
    body(task / blocks, begin, smaller(begin + length, axis.n));
  });
}

// dinp[o,k,i] = or += gradient(k, i) for k in [begin, end).
template <class T, class Gradient>
PUPIL_INLINE void write_elements(T* dinp, bool add, Axis axis, std::int64_t o, std::int64_t begin,
                                 std::int64_t end, Gradient gradient) {
  T* const to = dinp + o * axis.n * axis.inner;
  const auto write = [=](auto value_at) PUPIL_INLINE_LAMBDA {
    if (axis.inner == 1) {
      for (std::int64_t k = begin; k < end; ++k) to[k] = value_at(to[k], k, 0);
      return;
    }
    for (std::int64_t k = begin; k < end; ++k) {
      T* const row = to + k * axis.inner;
      for (std::int64_t i = 0; i < axis.inner; ++i) row[i] = value_at(row[i], k, i);
    }
  };
  if (add) {
    write([=](T old, auto k, auto i) PUPIL_INLINE_LAMBDA { return old + gradient(k, i); });
  } else {
    write([=](T, auto k, auto i) PUPIL_INLINE_LAMBDA { return gradient(k, i); });
  }
}

}  // namespace PUPIL_ISA

KERNEL(sum, (T * out, const T* inp, Axis axis, T divisor), (out, inp, axis, divisor)) {
  for_results(axis, [=](std::int64_t o, std::int64_t begin, std::int64_t end) {
    const T* const x = inp + o * axis.n * axis.inner + begin;
    T* const y = out + o * axis.inner + begin;
    if (axis.inner == 1) {
      y[0] =
          sum_of_row<T>(axis.n, [=](auto at) PUPIL_INLINE_LAMBDA { return at.load(x); }) / divisor;
      return;
    }
    T total[kSumColumns];
    sum_of_columns(total, axis.n, end - begin,
                   [=](std::int64_t k, std::int64_t j)
                       PUPIL_INLINE_LAMBDA { return x[k * axis.inner + j]; });
    for (std::int64_t j = 0; j < end - begin; ++j) y[j] = total[j] / divisor;
  });
}
INSTANTIATE(sum)

KERNEL(sum_chunks, (T * out, const T* inp, std::int64_t n), (out, inp, n)) {
  parallel_for(parts(n, kSumChunk), [=](std::int64_t c) {
    const T* const x = inp + c * kSumChunk;
    out[c] = sum_of_row<T>(smaller(kSumChunk, n - c * kSumChunk),
                           [=](auto at) PUPIL_INLINE_LAMBDA { return at.load(x); });
  });
}
INSTANTIATE(sum_chunks)

KERNEL(spread, (T * dinp, bool add, const T* dout, Axis axis, T factor),
       (dinp, add, dout, axis, factor)) {
  for_elements(axis, [=](std::int64_t o, std::int64_t begin, std::int64_t end) {
    const T* const dy = dout + o * axis.inner;
    write_elements(dinp, add, axis, o, begin, end,
                   [=](std::int64_t, std::int64_t i)
                       PUPIL_INLINE_LAMBDA { return factor * dy[i]; });
  });
}
INSTANTIATE(spread)

KERNEL(max, (T * out, std::int32_t* index, const T* inp, Axis axis), (out, index, inp, axis)) {
  for_results(axis, [=](std::int64_t o, std::int64_t begin, std::int64_t end) {
    const T* const x = inp + o * axis.n * axis.inner;
    T* const best = out + o * axis.inner;
    std::int32_t* const best_k = index + o * axis.inner;
    for (std::int64_t i = begin; i < end; ++i) {
      best[i] = x[i];
      best_k[i] = 0;
    }
    for (std::int64_t k = 1; k < axis.n; ++k) {
      const T* const row = x + k * axis.inner;
      for (std::int64_t i = begin; i < end; ++i) {
        const bool is_nan = row[i] != row[i], has_nan = best[i] != best[i];
        if (row[i] > best[i] || (is_nan && !has_nan)) {
          best[i] = row[i];
          best_k[i] = std::int32_t(k);
        }
      }
    }
  });
}
INSTANTIATE(max)

KERNEL(max_backward, (T * dinp, bool add, const T* dout, const std::int32_t* index, Axis axis),
       (dinp, add, dout, index, axis)) {
  for_elements(axis, [=](std::int64_t o, std::int64_t begin, std::int64_t end) {
    const T* const dy = dout + o * axis.inner;
    const std::int32_t* const largest = index + o * axis.inner;
    write_elements(dinp, add, axis, o, begin, end,
                   [=](std::int64_t k, std::int64_t i)
                       PUPIL_INLINE_LAMBDA { return largest[i] == k ? dy[i] : T(0); });
  });
}
INSTANTIATE(max_backward)

KERNEL(variance, (T * out, T* mean, const T* inp, Axis axis), (out, mean, inp, axis)) {
  const T n = T(axis.n);
  // Sums of d = x - centre, which is exact near the mean. Rounding the mean to `centre` leaves a
  // rest: avg(d^2) = variance + rest^2.
  const auto finish = [=](std::int64_t at, T centre, T sum, T squares) PUPIL_INLINE_LAMBDA {
    const T rest = sum / n, value = squares / n - rest * rest;
    mean[at] = centre + rest;
    out[at] = value < 0 ? T(0) : value;
  };
  for_results(axis, [=](std::int64_t o, std::int64_t begin, std::int64_t end) {
    const T* const x = inp + o * axis.n * axis.inner + begin;
    const std::int64_t first = o * axis.inner + begin, count = end - begin;
    if (axis.inner == 1) {
      const T centre =
          sum_of_row<T>(axis.n, [=](auto at) PUPIL_INLINE_LAMBDA { return at.load(x); }) / n;
      const auto deviation = [=](auto at) PUPIL_INLINE_LAMBDA {
        return at.load(x, centre) - centre;  // 0 behind the row
      };
      finish(first, centre, sum_of_row<T>(axis.n, deviation),
             sum_of_row<T>(axis.n, [=](auto at) PUPIL_INLINE_LAMBDA {
               const Vec<T> d = deviation(at);
               return d * d;
             }));
      return;
    }
    T centre[kSumColumns], sum[kSumColumns], squares[kSumColumns];
    const auto value = [=](std::int64_t k, std::int64_t j)
                           PUPIL_INLINE_LAMBDA { return x[k * axis.inner + j]; };
    sum_of_columns(centre, axis.n, count, value);
    for (std::int64_t j = 0; j < count; ++j) centre[j] /= n;
    sum_of_columns(sum, axis.n, count, [&](std::int64_t k, std::int64_t j) PUPIL_INLINE_LAMBDA {
      return value(k, j) - centre[j];
    });
    sum_of_columns(squares, axis.n, count, [&](std::int64_t k, std::int64_t j) PUPIL_INLINE_LAMBDA {
      const T d = value(k, j) - centre[j];
      return d * d;
    });
    for (std::int64_t j = 0; j < count; ++j) finish(first + j, centre[j], sum[j], squares[j]);
  });
}
INSTANTIATE(variance)

KERNEL(variance_backward,
       (T * dinp, bool add, const T* dout, const T* inp, const T* mean, Axis axis),
       (dinp, add, dout, inp, mean, axis)) {
  const T factor = T(2) / T(axis.n);
  for_elements(axis, [=](std::int64_t o, std::int64_t begin, std::int64_t end) {
    const T* const x = inp + o * axis.n * axis.inner;
    const T* const dy = dout + o * axis.inner;
    const T* const centre = mean + o * axis.inner;
    write_elements(dinp, add, axis, o, begin, end,
                   [=](std::int64_t k, std::int64_t i) PUPIL_INLINE_LAMBDA {
                     return factor * dy[i] * (x[k * axis.inner + i] - centre[i]);
                   });
  });
}
INSTANTIATE(variance_backward)

}  // namespace pupil::cpu
