// Vec<T>: as many numbers as one register of the instruction set holds, with arithmetic lane by
// lane.
//
//   Vec<float>    16 lanes with AVX-512, 8 with AVX2, 4 with the baseline; Vec<double> half of it
//
//   for_vectors<T>(n, [&](auto at) PUPIL_INLINE_LAMBDA { at.store(out, at.load(x) * scale); });
//
// walks n elements, the last, incomplete vector included: nothing behind element n - 1 is read or
// written. Numbers convert to vectors by themselves (all lanes equal). a * b + c becomes one fused
// multiply-add where the set has it (-ffp-contract=fast); fma(a, b, c) says it.
//
// A comparison gives a Mask: all bits of a lane set or none; select(mask, a, b) chooses by lane.
// min(a, b) and max(a, b) give b where one of the two is NaN, as the instructions do: max(low, x)
// keeps a NaN of x. Reductions are fixed trees (lanes l and l + half, then half of that, ...), so
// their bits depend on the instruction set only.
#pragma once
#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels/isa.h"
#include "kernels/number.h"

#ifndef PUPIL_ISA  // outside of kernels: what every machine has
#define PUPIL_ISA baseline
#define PUPIL_ISA_baseline 1
#define PUPIL_ISA_DEFAULTED
#endif

#include "kernels/simd_native.h"

#define PUPIL_INLINE_LAMBDA __attribute__((always_inline))

namespace pupil::cpu::PUPIL_ISA {

template <class T>
struct Vec {
  using Element = T;
  using Native = native::Register<T>;
  using Bits = native::Bits<T>;  ///< the same register as integers of the same size
  using Mask = Bits;
  static constexpr int kLanes = native::kBytes / int(sizeof(T));

  Native v;

  PUPIL_INLINE Vec() = default;
  PUPIL_INLINE Vec(Native native) : v(native) {}
  PUPIL_INLINE Vec(T number) : v(number - Native{}) {}  // minus: -0 + 0 is +0

  PUPIL_INLINE static Vec load(const T* p) {
    Vec r;
    __builtin_memcpy(&r.v, p, sizeof r.v);
    return r;
  }
  PUPIL_INLINE void store(T* p) const { __builtin_memcpy(p, &v, sizeof v); }

  /// The first n lanes, 0 <= n <= kLanes; the other lanes are `rest`.
  PUPIL_INLINE static Vec load_partial(const T* p, std::int64_t n, Vec rest = T(0)) {
    return native::load_partial(p, int(n), rest.v);
  }
  PUPIL_INLINE void store_partial(T* p, std::int64_t n) const {
    native::store_partial(p, v, int(n));
  }

  PUPIL_INLINE T lane(int i) const { return v[i]; }

  PUPIL_INLINE friend Vec operator+(Vec a, Vec b) { return a.v + b.v; }
  PUPIL_INLINE friend Vec operator-(Vec a, Vec b) { return a.v - b.v; }
  PUPIL_INLINE friend Vec operator*(Vec a, Vec b) { return a.v * b.v; }
  PUPIL_INLINE friend Vec operator/(Vec a, Vec b) { return a.v / b.v; }
  PUPIL_INLINE friend Vec operator-(Vec a) { return -a.v; }
  PUPIL_INLINE Vec& operator+=(Vec b) { return *this = *this + b; }
  PUPIL_INLINE Vec& operator-=(Vec b) { return *this = *this - b; }
  PUPIL_INLINE Vec& operator*=(Vec b) { return *this = *this * b; }

  PUPIL_INLINE friend Mask operator<(Vec a, Vec b) { return (Mask)(a.v < b.v); }
  PUPIL_INLINE friend Mask operator<=(Vec a, Vec b) { return (Mask)(a.v <= b.v); }
  PUPIL_INLINE friend Mask operator>(Vec a, Vec b) { return (Mask)(a.v > b.v); }
  PUPIL_INLINE friend Mask operator>=(Vec a, Vec b) { return (Mask)(a.v >= b.v); }
  PUPIL_INLINE friend Mask operator==(Vec a, Vec b) { return (Mask)(a.v == b.v); }
  PUPIL_INLINE friend Mask operator!=(Vec a, Vec b) { return (Mask)(a.v != b.v); }

  PUPIL_INLINE friend Vec select(Mask m, Vec a, Vec b) { return m ? a.v : b.v; }
  PUPIL_INLINE friend Vec fma(Vec a, Vec b, Vec c) { return native::fma(a.v, b.v, c.v); }
  PUPIL_INLINE friend Vec min(Vec a, Vec b) { return native::min(a.v, b.v); }
  PUPIL_INLINE friend Vec max(Vec a, Vec b) { return native::max(a.v, b.v); }
  PUPIL_INLINE friend Vec sqrt(Vec a) { return native::sqrt(a.v); }

  PUPIL_INLINE friend Bits bits(Vec a) { return (Bits)a.v; }
  PUPIL_INLINE static Vec from_bits(Bits b) { return (Native)b; }
  PUPIL_INLINE friend Vec abs(Vec a) { return from_bits(bits(a) & ~bits(Vec(T(-0.0)))); }
  /// The size of a with the sign of b.
  PUPIL_INLINE friend Vec copysign(Vec a, Vec b) {
    const Bits sign = bits(Vec(T(-0.0)));
    return from_bits((bits(a) & ~sign) | (bits(b) & sign));
  }
#ifdef PUPIL_ISA_avx512  // one instruction; elsewhere kernels/number.h does it by the exponent's
                         // bits
  PUPIL_INLINE friend Vec scale_by_power_of_2(Vec a, Vec n) {
    return native::scale_by_power_of_2(a.v, n.v);
  }
#endif

  PUPIL_INLINE friend T reduce_add(Vec a) {
    return fold(a, [](Vec x, Vec y) PUPIL_INLINE_LAMBDA { return x + y; });
  }
  PUPIL_INLINE friend T reduce_max(Vec a) {
    return fold(a, [](Vec x, Vec y) PUPIL_INLINE_LAMBDA { return max(x, y); });
  }

 private:
  template <int kDown, std::size_t... I>
  PUPIL_INLINE static Vec shifted(Vec a, std::index_sequence<I...>) {
    return __builtin_shufflevector(a.v, a.v, ((I + kDown) % kLanes)...);
  }
  template <int kHalf = kLanes / 2, class Operation>
  PUPIL_INLINE static T fold(Vec a, Operation operation) {
    if constexpr (kHalf == 0) {
      return a.v[0];
    } else {
      return fold<kHalf / 2>(operation(a, shifted<kHalf>(a, std::make_index_sequence<kLanes>{})),
                             operation);
    }
  }
};

/// Where a loop over vectors stands: at a whole vector, or at the last one of `count` elements,
/// where load fills the other lanes with `rest`.
template <class T>
struct WholeVector {
  std::int64_t i;
  PUPIL_INLINE Vec<T> load(const T* p, Vec<T> = T(0)) const { return Vec<T>::load(p + i); }
  PUPIL_INLINE void store(T* p, Vec<T> value) const { value.store(p + i); }
};
template <class T>
struct PartOfVector {
  std::int64_t i, count;
  PUPIL_INLINE Vec<T> load(const T* p, Vec<T> rest = T(0)) const {
    return Vec<T>::load_partial(p + i, count, rest);
  }
  PUPIL_INLINE void store(T* p, Vec<T> value) const { value.store_partial(p + i, count); }
};

/// Calls body(at) for the vectors that cover elements begin .. end - 1.
template <class T, class Body>
PUPIL_INLINE void for_vectors(std::int64_t begin, std::int64_t end, Body&& body) {
  std::int64_t i = begin;
  for (; i + Vec<T>::kLanes <= end; i += Vec<T>::kLanes) body(WholeVector<T>{i});
  if (i < end) body(PartOfVector<T>{i, end - i});
}
template <class T, class Body>
PUPIL_INLINE void for_vectors(std::int64_t n, Body&& body) {
  for_vectors<T>(0, n, body);
}

}  // namespace pupil::cpu::PUPIL_ISA

#ifdef PUPIL_ISA_DEFAULTED
#undef PUPIL_ISA
#undef PUPIL_ISA_baseline
#undef PUPIL_ISA_DEFAULTED
#endif
