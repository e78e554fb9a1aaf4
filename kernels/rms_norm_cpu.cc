#include "kernels/rms_norm.h"

#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/simd.h"

namespace pupil::cpu {
namespace PUPIL_ISA {

// Forward takes two rows at a time, backward one: as kernels/layer_norm_cpu.cc, and for its
// reasons.
constexpr int kRmsGroup = 2;

template <int kRows, class T>
PUPIL_INLINE void normalise_rows(View<T> out, T* rrms, View<const T> inp, const T* weight, T eps,
                                 std::int64_t first) {
  Vec<T> squares[kRows];
  for (int r = 0; r < kRows; ++r) squares[r] = T(0);
  for_vectors<T>(inp.width, [&](auto at) PUPIL_INLINE_LAMBDA {
    for (int r = 0; r < kRows; ++r) {
      const Vec<T> x = at.load(inp.row(first + r));
      squares[r] = fma(x, x, squares[r]);
    }
  });

  T scale[kRows];
  for (int r = 0; r < kRows; ++r) {
    scale[r] = T(1) / __builtin_sqrt(reduce_add(squares[r]) / T(inp.width) + eps);
    rrms[first + r] = scale[r];
  }

  for_vectors<T>(inp.width, [&](auto at) PUPIL_INLINE_LAMBDA {
    const Vec<T> w = at.load(weight);
    for (int r = 0; r < kRows; ++r) {
      at.store(out.row(first + r), at.load(inp.row(first + r)) * scale[r] * w);
    }
  });
}

// Row i; its share of dweight is added to dw when kWeight.
template <bool kWeight, class T>
PUPIL_INLINE void differentiate_row(View<T> dinp, bool add, T* dw, View<const T> dout,
                                    View<const T> inp, const T* weight, T rrms, std::int64_t i) {
  const T *const x = inp.row(i), *const dy = dout.row(i);
  Vec<T> sum_gx = T(0);
  for_vectors<T>(inp.width, [&](auto at) PUPIL_INLINE_LAMBDA {
    const Vec<T> xhat = at.load(x) * rrms, d = at.load(dy);
    sum_gx = fma(d * at.load(weight), xhat, sum_gx);
    if constexpr (kWeight) at.store(dw, fma(d, xhat, at.load(dw)));
  });

  if (!dinp.data) return;
  const T avg_gx = reduce_add(sum_gx) / T(inp.width);
  T* const dx = dinp.row(i);
  for_vectors<T>(inp.width, [&](auto at) PUPIL_INLINE_LAMBDA {
    const Vec<T> xhat = at.load(x) * rrms, g = at.load(dy) * at.load(weight);
    const Vec<T> d = (g - xhat * avg_gx) * rrms;
    at.store(dx, add ? at.load(dx) + d : d);
  });
}

}  // namespace PUPIL_ISA

KERNEL(rms_norm_forward, (View<T> out, T* rrms, View<const T> inp, const T* weight, T eps),
       (out, rrms, inp, weight, eps)) {
  const std::int64_t tiles = (inp.rows + kRmsNormTile - 1) / kRmsNormTile;
  parallel_for(tiles, [=](std::int64_t t) {
    const std::int64_t next = (t + 1) * kRmsNormTile, end = next < inp.rows ? next : inp.rows;
    std::int64_t i = t * kRmsNormTile;
    for (; i + kRmsGroup <= end; i += kRmsGroup) {
      normalise_rows<kRmsGroup>(out, rrms, inp, weight, eps, i);
    }
    for (; i < end; ++i) normalise_rows<1>(out, rrms, inp, weight, eps, i);
  });
}
INSTANTIATE(rms_norm_forward)

KERNEL(rms_norm_backward,
       (View<T> dinp, bool add, T* dweight, T* scratch, View<const T> dout, View<const T> inp,
        const T* weight, const T* rrms),
       (dinp, add, dweight, scratch, dout, inp, weight, rrms)) {
  const std::int64_t width = inp.width;
  const std::int64_t tiles = (inp.rows + kRmsNormTile - 1) / kRmsNormTile;
  parallel_for(tiles, [=](std::int64_t t) {
    const std::int64_t next = (t + 1) * kRmsNormTile, end = next < inp.rows ? next : inp.rows;
    T* const dw = dweight ? scratch + t * width : nullptr;
    if (dw) {
      for (std::int64_t j = 0; j < width; ++j) dw[j] = 0;
    }
    for (std::int64_t i = t * kRmsNormTile; i < end; ++i) {
      if (dw) {
        differentiate_row<true>(dinp, add, dw, dout, inp, weight, rrms[i], i);
      } else {
        differentiate_row<false>(dinp, add, dw, dout, inp, weight, rrms[i], i);
      }
    }
  });

  if (!dweight) return;
  constexpr std::int64_t kColumns = 256;
  parallel_for((width + kColumns - 1) / kColumns, [=](std::int64_t c) {
    const std::int64_t next = (c + 1) * kColumns, end = next < width ? next : width;
    for_vectors<T>(c * kColumns, end, [&](auto at) PUPIL_INLINE_LAMBDA {
      Vec<T> sum = T(0);
      for (std::int64_t t = 0; t < tiles; ++t) sum += at.load(scratch + t * width);
      at.store(dweight, at.load(dweight) + sum);
    });
  });
}
INSTANTIATE(rms_norm_backward)

}  // namespace pupil::cpu
