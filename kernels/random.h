// Random numbers by counting: Philox 4x32 with 10 rounds (Salmon et al. 2011, "Parallel random
// numbers: as easy as 1, 2, 3").
//
//   philox(index, stream, seed)   four independent words of 32 bits
//
// A pure function: number i of a stream needs no number before it, so that any thread of any device
// can make any part, in any order, and gets the same bits. `seed` names the run, `stream` the use
// (a layer's dropout, a tensor's initial values), `index` counts within it.
//
//   uniform      (53 bits of two words) 2^-53, in [0, 1)
//   box_muller   two uniforms -> two normals (Box and Muller 1958), in double on every device
#pragma once
#include <cmath>
#include <cstdint>

namespace pupil {

struct PhiloxWords {
  std::uint32_t word[4];
};

[[gnu::always_inline]] constexpr PhiloxWords philox(std::uint64_t index, std::uint64_t stream,
                                                    std::uint64_t seed) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  std::uint32_t c0 = std::uint32_t(index), c1 = std::uint32_t(index >> 32);
  std::uint32_t c2 = std::uint32_t(stream), c3 = std::uint32_t(stream >> 32);
  std::uint32_t k0 = std::uint32_t(seed), k1 = std::uint32_t(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = kMultiplier0 * c0, p1 = kMultiplier1 * c2;
    c0 = std::uint32_t(p1 >> 32) ^ c1 ^ k0;
    c1 = std::uint32_t(p1);
    c2 = std::uint32_t(p0 >> 32) ^ c3 ^ k1;
    c3 = std::uint32_t(p0);
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  return {{c0, c1, c2, c3}};
}

constexpr double uniform(std::uint32_t high, std::uint32_t low) {
  return double((std::uint64_t(high) << 32 | low) >> 11) * 0x1p-53;
}

template <class T>
struct Pair {
  T first, second;
};

/// Two independent standard normals from u, v in [0, 1). T is double.
template <class T>
constexpr Pair<T> box_muller(T u, T v) {
  constexpr T kTwoPi = 6.283185307179586476925286766559;
  using std::cos, std::log, std::sin, std::sqrt;
  const T radius = sqrt(T(-2) * log(T(1) - u));
  return {radius * cos(kTwoPi * v), radius * sin(kTwoPi * v)};
}

}  // namespace pupil
