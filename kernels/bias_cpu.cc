#include "kernels/bias.h"

#include "kernels/isa.h"
#include "kernels/simd.h"
#include "kernels/tiles.h"
#include "kernels/unary.h"

namespace pupil::cpu {
namespace PUPIL_ISA {

// Calls body(i, at) for every vector of every row; narrow rows share a tile.
template <class T, class Body>
PUPIL_INLINE void for_rows(std::int64_t rows, std::int64_t width, Body body) {
  for_tiles(rows, 1 + (1 << 14) / (width + 1), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      for_vectors<T>(width, [&](auto at) PUPIL_INLINE_LAMBDA { body(i, at); });
    }
  });
}

constexpr std::int64_t kSumTile = 64;      // rows that are added one by one
constexpr std::int64_t kSumColumns = 256;  // columns taken together, at most: they fit the L1 cache

// out = the sum over x's rows; x is at most kSumColumns wide.
template <class T>
void sum_rows(T* out, View<const T> x) {
  if (x.rows > kSumTile) {
    std::int64_t half = kSumTile;
    while (2 * half < x.rows) half *= 2;
    T second[kSumColumns];
    sum_rows(out, View<const T>{x.data, half, x.width, x.stride});
    sum_rows(second, View<const T>{x.row(half), x.rows - half, x.width, x.stride});
    for_vectors<T>(x.width, [&](auto at) PUPIL_INLINE_LAMBDA {
      at.store(out, at.load(out) + at.load(second));
    });
    return;
  }
  for_vectors<T>(x.width, [&](auto at) PUPIL_INLINE_LAMBDA { at.store(out, T(0)); });
  std::int64_t i = 0;
  for (; i + 4 <= x.rows; i += 4) {  // four at a time: `out` is read and written less often
    for_vectors<T>(x.width, [&](auto at) PUPIL_INLINE_LAMBDA {
      const Vec<T> pair = at.load(x.row(i)) + at.load(x.row(i + 1));
      at.store(out, at.load(out) + (pair + (at.load(x.row(i + 2)) + at.load(x.row(i + 3)))));
    });
  }
  for (; i < x.rows; ++i) {
    for_vectors<T>(x.width, [&](auto at) PUPIL_INLINE_LAMBDA {
      at.store(out, at.load(out) + at.load(x.row(i)));
    });
  }
}

}  // namespace PUPIL_ISA

KERNEL(add_bias, (View<T> x, const T* bias), (x, bias)) {
  for_rows<T>(x.rows, x.width, [=](std::int64_t i, auto at) PUPIL_INLINE_LAMBDA {
    at.store(x.row(i), at.load(x.row(i)) + at.load(bias));
  });
}
INSTANTIATE(add_bias)

KERNEL(column_sum, (T * out, View<const T> x, bool add), (out, x, add)) {
  // Narrow blocks let threads share a narrow matrix; wide ones read longer stretches of a row.
  const std::int64_t block = x.width >= 8 * kSumColumns ? kSumColumns : kSumTile;
  for_tiles(x.width, block, [=](std::int64_t begin, std::int64_t end) {
    T sum[kSumColumns];
    sum_rows(sum, View<const T>{x.data + begin, x.rows, end - begin, x.stride});
    for_vectors<T>(end - begin, [&](auto at) PUPIL_INLINE_LAMBDA {
      store_gradient(at, out + begin, add, at.load(sum));
    });
  });
}
INSTANTIATE(column_sum)

KERNEL(bias_gelu_forward, (View<T> out, View<const T> inp, const T* bias), (out, inp, bias)) {
  for_rows<T>(inp.rows, inp.width, [=](std::int64_t i, auto at) PUPIL_INLINE_LAMBDA {
    at.store(out.row(i), GeluTanh::f(at.load(inp.row(i)) + at.load(bias)));
  });
}
INSTANTIATE(bias_gelu_forward)

KERNEL(bias_gelu_backward,
       (View<T> dinp, bool add, View<const T> dout, View<const T> inp, const T* bias),
       (dinp, add, dout, inp, bias)) {
  for_rows<T>(inp.rows, inp.width, [=](std::int64_t i, auto at) PUPIL_INLINE_LAMBDA {
    const Vec<T> x = at.load(inp.row(i)) + at.load(bias);
    store_gradient(at, dinp.row(i), add, at.load(dout.row(i)) * GeluTanh::df(x, x));
  });
}
INSTANTIATE(bias_gelu_backward)

}  // namespace pupil::cpu
