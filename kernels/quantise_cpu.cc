#include "kernels/quantise.h"

#include "kernels/isa.h"
#include "kernels/simd.h"
#include "kernels/tiles.h"

namespace pupil::cpu {
namespace PUPIL_ISA {
namespace {

constexpr std::int64_t kTile = 256 * kNf4Block;  // numbers that a thread takes together

constexpr float kLeast = 1e-38f;  // of a block's largest magnitude

// How many midpoints of the code book lie below x: the index of the nearest entry.
PUPIL_INLINE int nearest(float x) {
  int index = 0;
#pragma GCC unroll 15
  for (int i = 0; i < 15; ++i) index += x > (kNf4[i] + kNf4[i + 1]) / 2;
  return index;
}

template <class T>
PUPIL_INLINE float largest_magnitude(const T* x, std::int64_t n) {
  float largest = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const float magnitude = __builtin_fabsf(float(x[i]));
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest;
}

template <class T>
PUPIL_INLINE void quantise_block(std::uint8_t* packed, float* absmax, const T* x, std::int64_t n) {
  const float most = largest_magnitude(x, n), largest = most > kLeast ? most : kLeast;
  *absmax = largest;
  std::uint8_t index[kNf4Block];
  for (std::int64_t i = 0; i < n; ++i) index[i] = std::uint8_t(nearest(float(x[i]) / largest));
  if (n % 2) index[n] = std::uint8_t(nearest(0));
  for (std::int64_t i = 0; i < n; i += 2)
    packed[i / 2] = std::uint8_t(index[i] << 4 | index[i + 1]);
}

template <class T>
PUPIL_INLINE void dequantise_block(T* out, const std::uint8_t* packed, float absmax,
                                   std::int64_t n) {
  float values[16];
  for (int i = 0; i < 16; ++i) values[i] = kNf4[i] * absmax;
  for (std::int64_t i = 0; i + 1 < n; i += 2) {
    const std::uint8_t pair = packed[i / 2];
    out[i] = T(values[pair >> 4]);
    out[i + 1] = T(values[pair & 15]);
  }
  if (n % 2) out[n - 1] = T(values[packed[n / 2] >> 4]);
}

}  // namespace
}  // namespace PUPIL_ISA

KERNEL(nf4_quantise, (std::uint8_t * packed, float* absmax, const T* x, std::int64_t n),
       (packed, absmax, x, n)) {
  for_tiles(n, kTile, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += kNf4Block) {
      quantise_block(packed + i / 2, absmax + i / kNf4Block, x + i,
                     end - i < kNf4Block ? end - i : kNf4Block);
    }
  });
}
INSTANTIATE(nf4_quantise)

KERNEL(nf4_dequantise, (T * out, const std::uint8_t* packed, const float* absmax, std::int64_t n),
       (out, packed, absmax, n)) {
  for_tiles(n, kTile, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += kNf4Block) {
      dequantise_block(out + i, packed + i / 2, absmax[i / kNf4Block],
                       end - i < kNf4Block ? end - i : kNf4Block);
    }
  });
}
INSTANTIATE(nf4_dequantise)

KERNEL(int8_quantise, (std::int8_t * codes, float* absmax, View<const T> x), (codes, absmax, x)) {
  parallel_for(x.rows, [=](std::int64_t i) {
    const T* const row = x.row(i);
    const float largest = absmax[i] = largest_magnitude(row, x.width);
    std::int8_t* const to = codes + i * x.width;
    for (std::int64_t j = 0; j < x.width; ++j) {
      to[j] = std::int8_t(largest > 0 ? __builtin_rintf(127 * float(row[j]) / largest) : 0.0f);
    }
  });
}
INSTANTIATE(int8_quantise)

KERNEL(int8_dequantise, (View<T> out, const std::int8_t* codes, const float* absmax),
       (out, codes, absmax)) {
  parallel_for(out.rows, [=](std::int64_t i) {
    const std::int8_t* const from = codes + i * out.width;
    T* const to = out.row(i);
    for (std::int64_t j = 0; j < out.width; ++j) to[j] = T(float(from[j]) * absmax[i] / 127);
  });
}
INSTANTIATE(int8_dequantise)

}  // namespace pupil::cpu
