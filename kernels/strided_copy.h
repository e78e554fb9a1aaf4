// Copies between a dense array and one with any strides: permute, broadcast, concatenation, split.
//
//   strided_copy   out[i0, i1, ...] = inp[i0 s0 + i1 s1 + ...]    out dense with `rank` axes of
//                  `lengths`; a stride of 0 repeats. Reads and writes each element once.
//   copy_matrix    out[i,:] = or += inp[i,:]                      rows with strides, bandwidth
//   bound
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace pupil::cpu {

template <class T>
void strided_copy(T* out, const T* inp, int rank, const std::int64_t* lengths,
                  const std::int64_t* strides);

template <class T>
void copy_matrix(View<T> out, View<const T> inp, bool add);

}  // namespace pupil::cpu
