// The 16-bit float formats of weight files: IEEE half (1, 5, 10 bits) and bfloat16 (1, 8, 7 bits).
// Conversions to 16 bits round to nearest, ties to even.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace pupil {

inline float float_from_bfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t(bits) << 16);
}

inline float float_from_half(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t(bits & 0x8000) << 16;
  const int exponent = bits >> 10 & 31;
  const std::uint32_t fraction = bits & 1023;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  const float magnitude = exponent == 0 ? std::ldexp(float(fraction), -24)
                                        : std::ldexp(float(fraction | 1024), exponent - 25);
  return sign ? -magnitude : magnitude;
}

/// x to `bits` significant bits with the smallest normal exponent `lowest`: one rounding from f64.
inline double round_to_format(double x, int bits, int lowest) {
  if (x == 0 || !std::isfinite(x)) return x;
  const int exponent = std::max(std::ilogb(x), lowest);
  const double unit = std::ldexp(1.0, exponent - bits + 1);
  return std::nearbyint(x / unit) * unit;
}

inline std::uint16_t bfloat16_from_double(double x) {
  if (std::isnan(x)) return 0x7fc0;
  const float rounded = float(round_to_format(x, 8, -126));
  return std::uint16_t(std::bit_cast<std::uint32_t>(rounded) >> 16);
}

inline std::uint16_t half_from_double(double x) {
  const std::uint16_t sign = std::signbit(x) ? 0x8000 : 0;
  if (std::isnan(x)) return 0x7e00;
  const double magnitude = std::abs(round_to_format(x, 11, -14));
  if (magnitude >= 65536) return sign | 0x7c00;
  if (magnitude < 0x1p-14) return sign | std::uint16_t(magnitude * 0x1p24);
  const int exponent = std::ilogb(magnitude);
  const auto fraction = std::uint16_t(std::ldexp(magnitude, 10 - exponent) - 1024);
  return sign | std::uint16_t((exponent + 15) << 10 | fraction);
}

}  // namespace pupil
