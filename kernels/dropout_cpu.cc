#include "kernels/dropout.h"

#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/random.h"

namespace pupil::cpu {

KERNEL(dropout,
       (T * out, bool add, const T* inp, std::int64_t n, std::uint32_t threshold, T scale,
        std::uint64_t seed, std::uint64_t stream),
       (out, add, inp, n, threshold, scale, seed, stream)) {
  constexpr std::int64_t kTile = 1 << 13, kBlocks = 64, kPart = 4 * kBlocks;
  parallel_for((n + kTile - 1) / kTile, [=](std::int64_t t) {
    const std::int64_t tile_end = (t + 1) * kTile < n ? (t + 1) * kTile : n;
    for (std::int64_t begin = t * kTile; begin < tile_end; begin += kPart) {
      std::uint32_t words[kPart];
      for (std::int64_t b = 0; b < kBlocks; ++b) {
        const PhiloxWords w = philox(std::uint64_t(begin / 4 + b), stream, seed);
        for (int k = 0; k < 4; ++k) words[4 * b + k] = w.word[k];
      }
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
