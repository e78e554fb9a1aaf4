// Random numbers of the microworld: the same on every platform, and addressed, not consumed.
//
//   draw k of Rng(seed, purpose, index) = mix64(key + k * kGolden),   k = 1, 2, ...
//   key = mix64(mix64(mix64(seed) + purpose) + index)
//
// mix64 is the finaliser of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom
// number generators"). Document 1000 is made without making the 999 before it, so that a resumed
// run continues with the very same text. No std::distribution: their results differ by library.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

namespace pupil::microworld {

inline constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;  ///< 2^64 / golden ratio, odd

constexpr std::uint64_t mix64(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

/// What the numbers are for: two purposes under one seed share no draw.
enum class Purpose : std::uint64_t { kFacts = 1, kDocument, kExampleOrder, kLabelNoise, kMixing };

class Rng {
 public:
  constexpr Rng(std::uint64_t seed, Purpose purpose, std::uint64_t index = 0)
      : key_(mix64(mix64(mix64(seed) + static_cast<std::uint64_t>(purpose)) + index)) {}

  constexpr std::uint64_t next() { return mix64(key_ + ++draws_ * kGolden); }

  /// Uniform in 0 .. n - 1, without bias: the upper half of u * n, and a draw whose lower half
  /// falls into the uneven rest (2^32 mod n values) is repeated (Lemire 2019). n >= 1.
  constexpr int below(int n) {
    const auto m = static_cast<std::uint32_t>(n);
    const std::uint32_t uneven = (0u - m) % m;
    for (;;) {
      const std::uint64_t product = (next() >> 32) * m;
      if (static_cast<std::uint32_t>(product) >= uneven) return static_cast<int>(product >> 32);
    }
  }

  /// True with probability p.
  constexpr bool chance(double p) { return static_cast<double>(next() >> 11) * 0x1p-53 < p; }

  /// Every order of the items equally often (Fisher and Yates).
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (int left = static_cast<int>(items.size()); left > 1; --left)
      std::swap(items[left - 1], items[below(left)]);
  }

 private:
  std::uint64_t key_;
  std::uint64_t draws_ = 0;
};

}  // namespace pupil::microworld
