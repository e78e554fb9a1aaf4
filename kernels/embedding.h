// Rows by number: the embedding table, and any gather of rows.
//
//   forward   out[i,:] = weight[ids[i],:]                    ids: n numbers of rows of weight
//   backward  dweight[ids[i],:] += scale * dout[i,:]         in the order of i
//
// Bandwidth bound: each reads n rows and writes n rows (backward reads those rows, too); rows that
// no id names are not touched. Ids may repeat and must be in range. No aliasing.
//
// Deterministic without atomics or sorting: backward is cut into tiles of columns, each of which
// walks over all ids, so that the sum of every element runs in the order of i.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace pupil::cpu {

template <class T>
void embedding_forward(View<T> out, View<const T> weight, const std::int32_t* ids);

template <class T>
void embedding_backward(View<T> dweight, View<const T> dout, const std::int32_t* ids, T scale);

}  // namespace pupil::cpu
