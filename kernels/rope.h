// Rotary position embedding (Su et al. 2021, RoFormer, section 3.4.2).
//
//   out[a] = cos(p f_i) inp[a] - sin(p f_i) inp[b]        f_i = theta^(-2i/D),  i < D/2
//   out[b] = sin(p f_i) inp[a] + cos(p f_i) inp[b]        p: the row's position
//   (a, b) = (2i, 2i + 1) interleaved, or (i, i + D/2) half-split, within each head of width D
//
// rope_table  table[p - first,:] = [cos(p f_0) .. cos(p f_{D/2-1}), sin(p f_0) ..] for n positions
//             from `first` on. In double whatever T is: one sine and cosine for 32 positions, then
//             a rotation by f_i a position, which loses less than 32 roundings (1e-14).
// rope        row r turned by table row table_rows[r]; out `=`, or `+=` when add. inverse turns by
//             the negative angle: the transpose, so the gradient.   3 FLOPs an element, reads inp
//             and writes out once.
//
// Rows hold whole heads: width is a multiple of D, D is even. Aliasing: out may be inp when add is
// false. Deterministic: no sums across elements.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace pupil::cpu {

enum class RopePairs { kInterleaved, kHalfSplit };

template <class T>
void rope_table(T* table, std::int64_t first, std::int64_t n, std::int64_t head_dim, double theta);

template <class T>
void rope(View<T> out, bool add, View<const T> inp, std::int64_t head_dim, const T* table,
          const std::int64_t* table_rows, RopePairs pairs, bool inverse);

}  // namespace pupil::cpu
