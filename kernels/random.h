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

inline constexpr int kPhiloxRounds = 10;

struct PhiloxKey {
  std::uint32_t low, high;
  [[gnu::always_inline]] constexpr explicit PhiloxKey(std::uint64_t seed)
      : low(std::uint32_t(seed)), high(std::uint32_t(seed >> 32)) {}
  [[gnu::always_inline]] constexpr void next() {
    low += 0x9E3779B9;   // the golden ratio
    high += 0xBB67AE85;  // sqrt(3) - 1
  }
};

[[gnu::always_inline]] constexpr void philox_round(std::uint32_t& c0, std::uint32_t& c1,
                                                   std::uint32_t& c2, std::uint32_t& c3,
                                                   PhiloxKey key) {
  const std::uint64_t p0 = std::uint64_t(0xD2511F53) * c0, p1 = std::uint64_t(0xCD9E8D57) * c2;
  c0 = std::uint32_t(p1 >> 32) ^ c1 ^ key.low;
  c1 = std::uint32_t(p1);
  c2 = std::uint32_t(p0 >> 32) ^ c3 ^ key.high;
  c3 = std::uint32_t(p0);
}

[[gnu::always_inline]] constexpr PhiloxWords philox(std::uint64_t index, std::uint64_t stream,
                                                    std::uint64_t seed) {
  std::uint32_t c0 = std::uint32_t(index), c1 = std::uint32_t(index >> 32);
  std::uint32_t c2 = std::uint32_t(stream), c3 = std::uint32_t(stream >> 32);
  PhiloxKey key{seed};
  for (int round = 0; round < kPhiloxRounds; ++round, key.next()) {
    philox_round(c0, c1, c2, c3, key);
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
