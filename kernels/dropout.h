// Dropout (Srivastava et al. 2014), scaled while training ("inverted").
//
//   out[i] = or += keep_i ? scale * inp[i] : 0        keep_i: word i mod 4 of philox(i / 4, stream,
//                                                      seed) is at least threshold
//
// Forward and backward are the same function of (threshold, seed, stream): no mask is stored. With
// threshold = p 2^32 an element is dropped with probability p.
// Aliasing: out may be inp. Reads 1 and writes 1 time n; about 10 integer operations an element.
#pragma once
#include <cstdint>

namespace pupil::cpu {

template <class T>
void dropout(T* out, bool add, const T* inp, std::int64_t n, std::uint32_t threshold, T scale,
             std::uint64_t seed, std::uint64_t stream);

}  // namespace pupil::cpu
