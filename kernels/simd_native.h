// What Vec (kernels/simd.h) needs and the compilers' vector types do not give: the few places where
// instruction sets differ.
#pragma once
#include <cstdint>
#include <type_traits>

#if defined(__x86_64__)
#pragma GCC diagnostic push
#if !defined(__clang__)  // GCC 12 warns about its own AVX-512 header
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

namespace pupil::cpu::PUPIL_ISA::native {

#if defined(PUPIL_ISA_avx512)
inline constexpr int kBytes = 64;
#elif defined(PUPIL_ISA_avx2)
inline constexpr int kBytes = 32;
#else
inline constexpr int kBytes = 16;
#endif

template <class T>
struct Types;
template <>
struct Types<float> {
  typedef float Register __attribute__((vector_size(kBytes)));
  typedef std::int32_t Bits __attribute__((vector_size(kBytes)));
};
template <>
struct Types<double> {
  typedef double Register __attribute__((vector_size(kBytes)));
  typedef std::int64_t Bits __attribute__((vector_size(kBytes)));
};
template <class T>
using Register = typename Types<T>::Register;
template <class T>
using Bits = typename Types<T>::Bits;
using F32 = Register<float>;
using F64 = Register<double>;

#if defined(PUPIL_ISA_avx512)

PUPIL_INLINE __mmask16 first(int n) { return __mmask16(_bzhi_u32(0xffff, unsigned(n))); }
PUPIL_INLINE F32 load_partial(const float* p, int n, F32 rest) {
  return _mm512_mask_loadu_ps(rest, first(n), p);
}
PUPIL_INLINE F64 load_partial(const double* p, int n, F64 rest) {
  return _mm512_mask_loadu_pd(rest, __mmask8(first(n)), p);
}
PUPIL_INLINE void store_partial(float* p, F32 v, int n) { _mm512_mask_storeu_ps(p, first(n), v); }
PUPIL_INLINE void store_partial(double* p, F64 v, int n) {
  _mm512_mask_storeu_pd(p, __mmask8(first(n)), v);
}
PUPIL_INLINE F32 fma(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
PUPIL_INLINE F64 fma(F64 a, F64 b, F64 c) { return _mm512_fmadd_pd(a, b, c); }
PUPIL_INLINE F32 min(F32 a, F32 b) { return _mm512_min_ps(a, b); }
PUPIL_INLINE F64 min(F64 a, F64 b) { return _mm512_min_pd(a, b); }
PUPIL_INLINE F32 max(F32 a, F32 b) { return _mm512_max_ps(a, b); }
PUPIL_INLINE F64 max(F64 a, F64 b) { return _mm512_max_pd(a, b); }
PUPIL_INLINE F32 sqrt(F32 a) { return _mm512_sqrt_ps(a); }
PUPIL_INLINE F64 sqrt(F64 a) { return _mm512_sqrt_pd(a); }
PUPIL_INLINE F32 scale_by_power_of_2(F32 a, F32 n) { return _mm512_scalef_ps(a, n); }
PUPIL_INLINE F64 scale_by_power_of_2(F64 a, F64 n) { return _mm512_scalef_pd(a, n); }

#else

#if defined(PUPIL_ISA_avx2)

// A lane is read or written where the highest bit of its integer is set: those before n.
PUPIL_INLINE __m256i first32(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
PUPIL_INLINE __m256i first64(int n) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}
PUPIL_INLINE F32 load_partial(const float* p, int n, F32 rest) {
  const __m256i mask = first32(n);
  return _mm256_blendv_ps(rest, _mm256_maskload_ps(p, mask), _mm256_castsi256_ps(mask));
}
PUPIL_INLINE F64 load_partial(const double* p, int n, F64 rest) {
  const __m256i mask = first64(n);
  return _mm256_blendv_pd(rest, _mm256_maskload_pd(p, mask), _mm256_castsi256_pd(mask));
}
PUPIL_INLINE void store_partial(float* p, F32 v, int n) { _mm256_maskstore_ps(p, first32(n), v); }
PUPIL_INLINE void store_partial(double* p, F64 v, int n) { _mm256_maskstore_pd(p, first64(n), v); }
PUPIL_INLINE F32 fma(F32 a, F32 b, F32 c) { return _mm256_fmadd_ps(a, b, c); }
PUPIL_INLINE F64 fma(F64 a, F64 b, F64 c) { return _mm256_fmadd_pd(a, b, c); }
PUPIL_INLINE F32 min(F32 a, F32 b) { return _mm256_min_ps(a, b); }
PUPIL_INLINE F64 min(F64 a, F64 b) { return _mm256_min_pd(a, b); }
PUPIL_INLINE F32 max(F32 a, F32 b) { return _mm256_max_ps(a, b); }
PUPIL_INLINE F64 max(F64 a, F64 b) { return _mm256_max_pd(a, b); }
PUPIL_INLINE F32 sqrt(F32 a) { return _mm256_sqrt_ps(a); }
PUPIL_INLINE F64 sqrt(F64 a) { return _mm256_sqrt_pd(a); }

#else

template <class T>
PUPIL_INLINE Register<T> load_partial(const T* p, int n, Register<T> rest) {
  for (int i = 0; i < n; ++i) rest[i] = p[i];
  return rest;
}
template <class R, class T>
PUPIL_INLINE void store_partial(T* p, R v, int n) {
  for (int i = 0; i < n; ++i) p[i] = v[i];
}
template <class R>
PUPIL_INLINE R fma(R a, R b, R c) {
  return a * b + c;
}
#if defined(__x86_64__)
PUPIL_INLINE F32 min(F32 a, F32 b) { return _mm_min_ps(a, b); }
PUPIL_INLINE F64 min(F64 a, F64 b) { return _mm_min_pd(a, b); }
PUPIL_INLINE F32 max(F32 a, F32 b) { return _mm_max_ps(a, b); }
PUPIL_INLINE F64 max(F64 a, F64 b) { return _mm_max_pd(a, b); }
PUPIL_INLINE F32 sqrt(F32 a) { return _mm_sqrt_ps(a); }
PUPIL_INLINE F64 sqrt(F64 a) { return _mm_sqrt_pd(a); }
#else
template <class R>
PUPIL_INLINE R min(R a, R b) {
  return a < b ? a : b;
}
template <class R>
PUPIL_INLINE R max(R a, R b) {
  return a > b ? a : b;
}
PUPIL_INLINE F32 sqrt(F32 a) {
  for (int i = 0; i < kBytes / 4; ++i) a[i] = __builtin_sqrtf(a[i]);
  return a;
}
PUPIL_INLINE F64 sqrt(F64 a) {
  for (int i = 0; i < kBytes / 8; ++i) a[i] = __builtin_sqrt(a[i]);
  return a;
}
#endif

#endif

#endif

}  // namespace pupil::cpu::PUPIL_ISA::native
