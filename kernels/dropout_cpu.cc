#include "kernels/dropout.h"

#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/random.h"
#include "kernels/simd.h"

namespace pupil::cpu {
namespace PUPIL_ISA {

constexpr int kBlocks = 64;  // of Philox, side by side in the lanes of vectors

// words[4 b + k] = philox(first + b, stream, seed).word[k], the rounds of kernels/random.h by
// lanes.
PUPIL_INLINE void philox_blocks(std::uint32_t* words, std::uint64_t first, std::uint64_t stream,
                                std::uint64_t seed) {
  std::uint32_t c0[kBlocks], c1[kBlocks], c2[kBlocks], c3[kBlocks];
  for (int b = 0; b < kBlocks; ++b) {
    c0[b] = std::uint32_t(first + b);
    c1[b] = std::uint32_t((first + b) >> 32);
    c2[b] = std::uint32_t(stream);
    c3[b] = std::uint32_t(stream >> 32);
  }
  PhiloxKey key{seed};
  for (int round = 0; round < kPhiloxRounds; ++round, key.next()) {
    for (int b = 0; b < kBlocks; ++b) philox_round(c0[b], c1[b], c2[b], c3[b], key);
  }
  for (int b = 0; b < kBlocks; ++b) {
    words[4 * b] = c0[b];
    words[4 * b + 1] = c1[b];
    words[4 * b + 2] = c2[b];
    words[4 * b + 3] = c3[b];
  }
}

}  // namespace PUPIL_ISA

KERNEL(dropout,
       (T * out, bool add, const T* inp, std::int64_t n, std::uint32_t threshold, T scale,
        std::uint64_t seed, std::uint64_t stream),
       (out, add, inp, n, threshold, scale, seed, stream)) {
  constexpr std::int64_t kTile = 1 << 13, kPart = 4 * kBlocks;
  parallel_for((n + kTile - 1) / kTile, [=](std::int64_t t) {
    const std::int64_t tile_end = (t + 1) * kTile < n ? (t + 1) * kTile : n;
    for (std::int64_t begin = t * kTile; begin < tile_end; begin += kPart) {
      std::uint32_t words[kPart];
      philox_blocks(words, std::uint64_t(begin / 4), stream, seed);
      const std::int64_t count = tile_end - begin < kPart ? tile_end - begin : kPart;
      const T* const from = inp + begin;
      T* const to = out + begin;
      if (add) {
        for (std::int64_t i = 0; i < count; ++i) {
          to[i] += words[i] >= threshold ? scale * from[i] : T(0);
        }
      } else {
        for (std::int64_t i = 0; i < count; ++i) {
          to[i] = words[i] >= threshold ? scale * from[i] : T(0);
        }
      }
    }
  });
}
INSTANTIATE(dropout)

}  // namespace pupil::cpu
