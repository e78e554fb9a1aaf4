#include "kernels/layer_norm.h"

#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/simd.h"

namespace pupil::cpu {
namespace PUPIL_ISA {

// Forward takes two rows at a time, so that their sums do not wait for each other. Their arithmetic
// is that of a row alone.
constexpr int kNormGroup = 2;

template <int kRows, class T>
PUPIL_INLINE void normalise_rows(View<T> out, T* mean, T* rstd, View<const T> inp, const T* weight,
                                 const T* bias, T eps, std::int64_t first) {
  const std::int64_t width = inp.width;
  T centre[kRows], rest[kRows], scale[kRows];
  Vec<T> sum[kRows], squares[kRows];

  for (int r = 0; r < kRows; ++r) sum[r] = T(0);
  for_vectors<T>(width, [&](auto at) PUPIL_INLINE_LAMBDA {
    for (int r = 0; r < kRows; ++r) sum[r] += at.load(inp.row(first + r));
  });
  for (int r = 0; r < kRows; ++r) centre[r] = reduce_add(sum[r]) / T(width);

  // x - centre is exact near the mean; what rounding the mean to `centre` lost is `rest`.
  for (int r = 0; r < kRows; ++r) sum[r] = squares[r] = T(0);
  for_vectors<T>(width, [&](auto at) PUPIL_INLINE_LAMBDA {
    for (int r = 0; r < kRows; ++r) {
      const Vec<T> d = at.load(inp.row(first + r), centre[r]) - centre[r];  // 0 behind the row
      sum[r] += d;
      squares[r] = fma(d, d, squares[r]);
    }
  });
  for (int r = 0; r < kRows; ++r) {
    rest[r] = reduce_add(sum[r]) / T(width);
    const T variance = reduce_add(squares[r]) / T(width) - rest[r] * rest[r];
    scale[r] = T(1) / __builtin_sqrt((variance > 0 ? variance : T(0)) + eps);
    mean[first + r] = centre[r] + rest[r];
    rstd[first + r] = scale[r];
  }

  for_vectors<T>(width, [&](auto at) PUPIL_INLINE_LAMBDA {
    const Vec<T> w = at.load(weight), b = bias ? at.load(bias) : Vec<T>(T(0));
    for (int r = 0; r < kRows; ++r) {
      const Vec<T> xhat = ((at.load(inp.row(first + r)) - centre[r]) - rest[r]) * scale[r];
      at.store(out.row(first + r), fma(xhat, w, b));
    }
  });
}

// Row i; its share of dweight and dbias is added to dw and db when kParameters. One row at a time:
// more of them are more streams than the processor prefetches (measured: half the speed).
template <bool kParameters, class T>
PUPIL_INLINE void differentiate_row(View<T> dinp, bool add, T* dw, T* db, View<const T> dout,
                                    View<const T> inp, const T* weight, T mean, T rstd,
                                    std::int64_t i) {
  const std::int64_t width = inp.width;
  const T *const x = inp.row(i), *const dy = dout.row(i);
  Vec<T> sum_g = T(0), sum_gx = T(0);
  for_vectors<T>(width, [&](auto at) PUPIL_INLINE_LAMBDA {
    const Vec<T> xhat = (at.load(x) - mean) * rstd, d = at.load(dy), g = d * at.load(weight);
    sum_g += g;
    sum_gx = fma(g, xhat, sum_gx);
    if constexpr (kParameters) {
      at.store(dw, fma(d, xhat, at.load(dw)));
      at.store(db, at.load(db) + d);
    }
  });

  if (!dinp.data) return;
  const T avg_g = reduce_add(sum_g) / T(width), avg_gx = reduce_add(sum_gx) / T(width);
  T* const dx = dinp.row(i);
  for_vectors<T>(width, [&](auto at) PUPIL_INLINE_LAMBDA {
    const Vec<T> xhat = (at.load(x) - mean) * rstd, g = at.load(dy) * at.load(weight);
    const Vec<T> d = (g - avg_g - xhat * avg_gx) * rstd;
    at.store(dx, add ? at.load(dx) + d : d);
  });
}

// to += the partial sums of all tiles, which stand `step` apart, in their order.
template <class T>
PUPIL_INLINE void add_tiles(T* to, const T* partial, std::int64_t tiles, std::int64_t step,
                            std::int64_t begin, std::int64_t end) {
  for_vectors<T>(begin, end, [&](auto at) PUPIL_INLINE_LAMBDA {
    Vec<T> sum = T(0);
    for (std::int64_t t = 0; t < tiles; ++t) sum += at.load(partial + t * step);
    at.store(to, at.load(to) + sum);
  });
}

}  // namespace PUPIL_ISA

KERNEL(layer_norm_forward,
       (View<T> out, T* mean, T* rstd, View<const T> inp, const T* weight, const T* bias, T eps),
       (out, mean, rstd, inp, weight, bias, eps)) {
  const std::int64_t tiles = (inp.rows + kLayerNormTile - 1) / kLayerNormTile;
  parallel_for(tiles, [=](std::int64_t t) {
    const std::int64_t next = (t + 1) * kLayerNormTile, end = next < inp.rows ? next : inp.rows;
    std::int64_t i = t * kLayerNormTile;
    for (; i + kNormGroup <= end; i += kNormGroup) {
      normalise_rows<kNormGroup>(out, mean, rstd, inp, weight, bias, eps, i);
    }
    for (; i < end; ++i) normalise_rows<1>(out, mean, rstd, inp, weight, bias, eps, i);
  });
}
INSTANTIATE(layer_norm_forward)

KERNEL(layer_norm_backward,
       (View<T> dinp, bool add, T* dweight, T* dbias, T* scratch, View<const T> dout,
        View<const T> inp, const T* weight, const T* mean, const T* rstd),
       (dinp, add, dweight, dbias, scratch, dout, inp, weight, mean, rstd)) {
  const std::int64_t width = inp.width, step = 2 * width;
  const std::int64_t tiles = (inp.rows + kLayerNormTile - 1) / kLayerNormTile;
  const bool parameters = dweight || dbias;
  parallel_for(tiles, [=](std::int64_t t) {
    const std::int64_t next = (t + 1) * kLayerNormTile, end = next < inp.rows ? next : inp.rows;
    T* const dw = scratch + t * step;
    T* const db = dw + width;
    if (parameters) {
      for (std::int64_t j = 0; j < step; ++j) dw[j] = 0;
    }
    for (std::int64_t i = t * kLayerNormTile; i < end; ++i) {
      if (parameters) {
        differentiate_row<true>(dinp, add, dw, db, dout, inp, weight, mean[i], rstd[i], i);
      } else {
        differentiate_row<false>(dinp, add, dw, db, dout, inp, weight, mean[i], rstd[i], i);
      }
    }
  });

  if (!parameters) return;
  constexpr std::int64_t kColumns = 256;
  parallel_for((width + kColumns - 1) / kColumns, [=](std::int64_t c) {
    const std::int64_t next = (c + 1) * kColumns, end = next < width ? next : width;
    if (dweight) add_tiles<T>(dweight, scratch, tiles, step, c * kColumns, end);
    if (dbias) add_tiles<T>(dbias, scratch + width, tiles, step, c * kColumns, end);
  });
}
INSTANTIATE(layer_norm_backward)

}  // namespace pupil::cpu
