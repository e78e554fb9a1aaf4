// exp, log, log1p, tanh, erf and sigmoid, each one formula for numbers, for SIMD vectors and for
// the GPU: V is float, double, Vec<float> or Vec<double> (kernels/simd.h).
//
//   error, in units in the last place      at most    limits
//   exp                                    1.1        exp(-inf) = 0, overflow gives inf
//   log, log1p                             0.9        log(0) = -inf, log(x < 0) = NaN
//   tanh                                   1.4        +-1 at +-inf, odd, tanh(x) = x near 0
//   erf                                    1.3        +-1 at +-inf, odd
//   sigmoid                                2.2        0 where exp(-x) overflows
//
// in float and in double, as tests/math_test measures. NaN gives NaN. No branches and no tables:
// where a function needs two formulas, both are computed and one is selected by lane.
//
// The polynomials are the best ones (Remez's exchange algorithm at 50 digits, in relative error of
// the function on the interval given, then rounded to the type). The formulas do not rely on the
// fused multiply-add, which the baseline lacks: constants that are multiplied by a whole number and
// must not be rounded there end in zeros.
#pragma once
#include <cstdint>
#include <type_traits>

#include "kernels/number.h"

namespace pupil::cpu {

/// c0 + c1 x + c2 x^2 + ... by Horner's rule.
template <class V>
PUPIL_FORMULA V polynomial(V, ElementOf<V> c) {
  return c;
}
template <class V, class... Coefficients>
PUPIL_FORMULA V polynomial(V x, ElementOf<V> c0, Coefficients... c) {
  return fma(polynomial(x, c...), x, c0);
}

namespace formula {

// x = n ln 2 + r with |r| <= ln(2) / 2; exp(x) = 2^n (1 + r + r^2 q(r)). Needs |x| < 2^20.
template <class V>
PUPIL_FORMULA V exp_of_moderate(V x) {
  using T = ElementOf<V>;
  constexpr T kLog2e = T(1.4426950408889634074);
  if constexpr (kIsFloat<V>) {
    const V n = round_even(x * kLog2e);
    const V r = (x - n * 0x1.63p-1f) - n * -0x1.bd0106p-13f;
    const V q = polynomial(r, 0x1.fffffcp-2f, 0x1.555492p-3f, 0x1.5558f2p-5f, 0x1.123a20p-7f,
                           0x1.6a23d0p-10f);
    return scale_by_power_of_2(fma(r * r, q, r) + T(1), n);
  } else {
    const V n = round_even(x * kLog2e);
    const V r = (x - n * 0x1.62e42fefa38p-1) - n * 0x1.ef35793c76730p-45;
    const V q = polynomial(r, 0x1.000000000000ap-1, 0x1.55555555554f9p-3, 0x1.555555555083ep-5,
                           0x1.1111111127d10p-7, 0x1.6c16c18438b30p-10, 0x1.a01a012a0e7d8p-13,
                           0x1.a01999e25c66bp-16, 0x1.71df25b4bf774p-19, 0x1.28ad9b8b7fb46p-22,
                           0x1.ad7f3c18ba2b4p-26);
    return scale_by_power_of_2(fma(r * r, q, r) + T(1), n);
  }
}

// log(u + lost) for a `lost` far below the last place of u.
//   u = 2^e m with sqrt(1/2) <= m < sqrt(2), f = m - 1, s = f / (2 + f):
//   log m = log((1 + s) / (1 - s)) = f - (f^2 / 2 - s (f^2 / 2 + z p(z))), z = s^2   (Remez: p)
template <class V>
PUPIL_FORMULA V log_of_sum(V u, V lost) {
  using T = ElementOf<V>;
  using N = Number<V>;
  constexpr T kInfinity = T(__builtin_inf());
  constexpr T kSubnormalScale = kIsFloat<V> ? T(0x1p24) : T(0x1p54);
  const auto subnormal = u < V(N::kSmallestNormal);
  const V scaled = max(V(N::kSmallestNormal), select(subnormal, u * kSubnormalScale, u));
  const auto exponent = (bits(scaled) - bits(V(0.70710678118654752440))) >> N::kMantissaBits;
  const V m = N::from_bits(bits(scaled) - (exponent << N::kMantissaBits));
  const V e = from_whole<V>(exponent) - select(subnormal, V(kIsFloat<V> ? T(24) : T(54)), V(0));

  const V f = m - T(1), s = f / (f + T(2)), z = s * s, half_square = T(0.5) * f * f;
  V p, log2_high, log2_low;
  if constexpr (kIsFloat<V>) {
    p = polynomial(z, 0x1.555554p-1f, 0x1.999a7cp-2f, 0x1.2438a8p-2f, 0x1.e2fdd2p-3f);
    log2_high = 0x1.63p-1f, log2_low = -0x1.bd0106p-13f;
  } else {
    p = polynomial(z, 0x1.5555555555593p-1, 0x1.999999997fb31p-2, 0x1.2492494217a33p-2,
                   0x1.c71c51e7f6340p-3, 0x1.7466462cc2834p-3, 0x1.39a0f4fd6449bp-3,
                   0x1.2f0d8ec6d0caap-3);
    log2_high = 0x1.62e42fefa38p-1, log2_low = 0x1.ef35793c76730p-45;
  }
  const V low = s * (half_square + z * p) + (e * log2_low + lost / u);
  const V log_u = e * log2_high + (f - (half_square - low));
  const V finite = select(u < V(kInfinity), log_u, u);
  return select(u > V(0), finite, select(u == V(0), V(-kInfinity), V(__builtin_nan(""))));
}

}  // namespace formula

template <class V>
PUPIL_FORMULA V exp(V x) {
  using T = ElementOf<V>;
  // Beyond these the result is 0 or inf in any case.
  constexpr T kLow = kIsFloat<V> ? T(-104) : T(-746), kHigh = kIsFloat<V> ? T(89) : T(710);
  return formula::exp_of_moderate(min(V(kHigh), max(V(kLow), x)));
}

template <class V>
PUPIL_FORMULA V log(V x) {
  return formula::log_of_sum(x, V(0));
}

/// log(1 + x), exact in the sense of the table above for small x, too.
template <class V>
PUPIL_FORMULA V log1p(V x) {
  using T = ElementOf<V>;
  const V u = x + T(1);
  return formula::log_of_sum(u, select(x < V(1), x - (u - T(1)), T(1) - (u - x)));
}

template <class V>
PUPIL_FORMULA V sigmoid(V x) {
  using T = ElementOf<V>;
  return V(1) / (exp(-x) + T(1));
}

// |x| < 0.5625:  x + x z p(z), z = x^2        else:  1 - 2 / (exp(2 |x|) + 1)
template <class V>
PUPIL_FORMULA V tanh(V x) {
  using T = ElementOf<V>;
  const V a = abs(x), z = a * a;
  V p;
  if constexpr (kIsFloat<V>) {
    p = polynomial(z, -0x1.555548p-2f, 0x1.110c72p-3f, -0x1.b90946p-5f, 0x1.582fb0p-6f,
                   -0x1.95001cp-8f);
  } else {
    p = polynomial(z, -0x1.555555555543dp-2, 0x1.11111110fbf92p-3, -0x1.ba1ba1a875effp-5,
                   0x1.664f44d8bce26p-6, -0x1.226dc5169a2c2p-7, 0x1.d6c31bd1d6706p-9,
                   -0x1.7cd65eeb92965p-10, 0x1.2ef646a3ac776p-11, -0x1.b4b0720cd1c13p-13,
                   0x1.a01b4a4694abfp-15);
  }
  const V e = formula::exp_of_moderate(min(V(64), a + a));  // 1 is reached long before 64
  const V large = T(1) - V(2) / (e + T(1));
  return copysign(select(a < V(0.5625), fma(a * z, p, a), large), x);
}

// |x| < 1:  x + x p(x^2)        else:  1 - exp(q(|x| - 1)), q = log(erfc)
template <class V>
PUPIL_FORMULA V erf(V x) {
  using T = ElementOf<V>;
  constexpr T kOne = kIsFloat<V> ? T(4) : T(6);  // from here on erf rounds to 1
  const V a = abs(x), z = a * a, t = min(V(kOne), a) - T(1);
  V p, q;
  if constexpr (kIsFloat<V>) {
    p = polynomial(z, 0x1.06eba8p-3f, -0x1.81273ep-2f, 0x1.ce2cf8p-4f, -0x1.b7f90ep-6f,
                   0x1.5405b2p-8f, -0x1.a3f700p-11f, 0x1.496a32p-14f);
    q = polynomial(t, -0x1.d97fc0p+0f, -0x1.51c9aap+1f, -0x1.afad34p-1f, -0x1.53f940p-5f,
                   0x1.441ad0p-7f, -0x1.deb7bcp-10f, 0x1.852d46p-13f);
  } else {
    p = polynomial(z, 0x1.06eba8214db68p-3, -0x1.812746b0379bdp-2, 0x1.ce2f21a040d16p-4,
                   -0x1.b82ce311fa93dp-6, 0x1.565bccf92b2f5p-8, -0x1.c02db03dd7164p-11,
                   0x1.f9a2baa8fe57ep-14, -0x1.f4ca4d6f37e0ap-17, 0x1.b97fd3d961e19p-20,
                   -0x1.5c0726ef68c13p-23, 0x1.d71b0f1671c6dp-27, -0x1.abae49127172fp-31);
    q = polynomial(t, -0x1.d97fbf27aa2a1p+0, -0x1.51c9b0006c21ap+1, -0x1.afabc11a2afd9p-1,
                   -0x1.5477f099b6c8ap-5, 0x1.48c9d37fc20f5p-7, -0x1.033f5a12fcd06p-9,
                   0x1.f1b04a8f516e3p-13, 0x1.b92dd976960e3p-16, -0x1.c852aa08c05f4p-16,
                   0x1.4484643f9f925p-17, -0x1.1e24735bb75e5p-19, 0x1.b7cf220555d76p-23,
                   0x1.f25cbb49fe5a2p-25, -0x1.1ed8ceaac613ep-25, 0x1.24b8faf8b3ecap-27,
                   -0x1.6a9ee6d013b77p-30, 0x1.066cb3994d676p-33, -0x1.5661df91467ffp-38);
  }
  const V large = T(1) - formula::exp_of_moderate(q);
  return copysign(select(a < V(1), fma(a, p, a), large), x);
}

}  // namespace pupil::cpu
