// Random numbers of the checks: the same seed gives the same case on every machine.
#pragma once
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>
#include <vector>

namespace pupil::kit {

/// SplitMix64 (Steele, Lea, Flood 2014): a counter through a mixing function.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double uniform(double low = 0, double high = 1) {
    return low + (high - low) * double(bits() >> 11) * 0x1p-53;
  }
  double normal() {  // Box and Muller 1958
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  /// In [0, count).
  std::int32_t below(std::int32_t count) { return std::int32_t(bits() % std::uint64_t(count)); }

  std::vector<double> normals(std::int64_t n, double scale = 1) {
    std::vector<double> x(static_cast<std::size_t>(n));
    for (double& v : x) v = scale * normal();
    return x;
  }
  std::vector<std::int32_t> integers(std::int64_t n, std::int32_t count) {
    std::vector<std::int32_t> x(static_cast<std::size_t>(n));
    for (std::int32_t& v : x) v = below(count);
    return x;
  }
  /// `ones` of n elements are 1, the rest 0, in random order.
  std::vector<std::int32_t> mask(std::int64_t n, std::int64_t ones) {
    std::vector<std::int32_t> x(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < ones; ++i) x[std::size_t(i)] = 1;
    for (std::size_t i = x.size(); i > 1; --i) {
      std::swap(x[i - 1], x[std::size_t(below(std::int32_t(i)))]);
    }
    return x;
  }

 private:
  std::uint64_t state_;
};

/// A seed of its own for each check and draw (FNV-1a over the name).
inline std::uint64_t derived_seed(std::uint64_t seed, std::string_view name, std::uint64_t draw) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name)
    hash = (hash ^ std::uint64_t(static_cast<unsigned char>(c))) * 0x100000001b3;
  return Random(Random(seed ^ hash).bits() + draw).bits();
}

}  // namespace pupil::kit
