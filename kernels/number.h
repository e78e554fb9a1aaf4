// What a formula may use of its value type V, whether that is a number (float, double) or a SIMD
// vector of them: Number<V> and the small functions below, which kernels/simd.h gives vectors, too.
// No instruction of a particular processor: the same header serves the GPU's compiler.
#pragma once
#include <cstdint>
#include <type_traits>

#include "kernels/dispatch.h"

/// Heads a function of a functor that takes and gives any value type V.
#define PUPIL_OF_V   \
  template <class V> \
  PUPIL_FORMULA static V

namespace pupil::cpu {

/// The type of one element, and its binary format (IEEE 754).
template <class T>
struct Format;
template <>
struct Format<float> {
  using Bits = std::int32_t;
  static constexpr int kMantissaBits = 23, kBias = 127;
  static constexpr float kSmallestNormal = 0x1p-126f;
  static constexpr float kWholeShift =
      0x1.8p23f;  ///< x + kWholeShift has no digits behind the point
};
template <>
struct Format<double> {
  using Bits = std::int64_t;
  static constexpr int kMantissaBits = 52, kBias = 1023;
  static constexpr double kSmallestNormal = 0x1p-1022;
  static constexpr double kWholeShift = 0x1.8p52;
};

template <class V>
struct Number : Format<typename V::Element> {
  using Element = typename V::Element;
  template <class B>
  PUPIL_FORMULA static V from_bits(B b) {
    return V::from_bits(b);
  }
};
template <>
struct Number<float> : Format<float> {
  using Element = float;
  PUPIL_FORMULA static float from_bits(std::int32_t b) {
    float r;
    __builtin_memcpy(&r, &b, sizeof r);
    return r;
  }
};
template <>
struct Number<double> : Format<double> {
  using Element = double;
  PUPIL_FORMULA static double from_bits(std::int64_t b) {
    double r;
    __builtin_memcpy(&r, &b, sizeof r);
    return r;
  }
};
template <class V>
using ElementOf = typename Number<V>::Element;
template <class V>
inline constexpr bool kIsFloat = std::is_same_v<ElementOf<V>, float>;

PUPIL_FORMULA std::int32_t bits(float a) {
  std::int32_t r;
  __builtin_memcpy(&r, &a, sizeof r);
  return r;
}
PUPIL_FORMULA std::int64_t bits(double a) {
  std::int64_t r;
  __builtin_memcpy(&r, &a, sizeof r);
  return r;
}

// The same meaning as for vectors (kernels/simd.h), NaN and sign of zero included.
PUPIL_FORMULA float select(bool m, float a, float b) { return m ? a : b; }
PUPIL_FORMULA double select(bool m, double a, double b) { return m ? a : b; }
PUPIL_FORMULA float fma(float a, float b, float c) { return a * b + c; }
PUPIL_FORMULA double fma(double a, double b, double c) { return a * b + c; }
PUPIL_FORMULA float min(float a, float b) { return a < b ? a : b; }
PUPIL_FORMULA double min(double a, double b) { return a < b ? a : b; }
PUPIL_FORMULA float max(float a, float b) { return a > b ? a : b; }
PUPIL_FORMULA double max(double a, double b) { return a > b ? a : b; }
PUPIL_FORMULA float sqrt(float a) { return __builtin_sqrtf(a); }
PUPIL_FORMULA double sqrt(double a) { return __builtin_sqrt(a); }
PUPIL_FORMULA float abs(float a) { return __builtin_fabsf(a); }
PUPIL_FORMULA double abs(double a) { return __builtin_fabs(a); }
PUPIL_FORMULA float copysign(float a, float b) { return __builtin_copysignf(a, b); }
PUPIL_FORMULA double copysign(double a, double b) { return __builtin_copysign(a, b); }

/// To the nearest whole number, halves to even; |a| < 2^22 (float), 2^51 (double).
template <class V>
PUPIL_FORMULA V round_even(V a) {
  return (a + V(Number<V>::kWholeShift)) - V(Number<V>::kWholeShift);
}

/// The whole number in the integers `n`, as a V; |n| < 2^22 (float), 2^51 (double).
template <class V, class B>
PUPIL_FORMULA V from_whole(B n) {
  const V shift = Number<V>::kWholeShift;
  return Number<V>::from_bits(n + bits(shift)) - shift;
}

/// a 2^n for a whole n, as 2^(n/2) and 2^(n - n/2), each made by writing its exponent: so n reaches
/// from below the subnormal numbers to above the largest one. Rounds once. |n| <= 2 bias.
template <class V>
PUPIL_FORMULA V scale_by_power_of_2(V a, V n) {
  using N = Number<V>;
  const V shift = N::kWholeShift;
  const auto whole = bits(n + shift) - bits(shift), half = whole >> 1, rest = whole - half;
  return a * N::from_bits((half + N::kBias) << N::kMantissaBits) *
         N::from_bits((rest + N::kBias) << N::kMantissaBits);
}

}  // namespace pupil::cpu
