// Causal self-attention without the T x T matrix (Dao 2023, FlashAttention-2, algorithms 1 and 2).
//
//   out_q = sum_k p_qk v_k,   p_qk = exp(s_qk - lse_q),   s_qk = q_q . k_k / sqrt(D)
//   lse_q = log sum_k exp(s_qk)                                     kept for backward
//   over the keys that query q sees: k <= q and segments[k] == segments[q]
//
//   dv_k = sum_q p_qk dout_q        ds_qk = p_qk (dout_q . v_k - delta_q) / sqrt(D)
//   dq_q = sum_k ds_qk k_k          delta_q = dout_q . out_q  ( = sum_k p_qk dout_q . v_k )
//   dk_k = sum_q ds_qk q_q
//
// Query head h reads key and value head h / (n_head / n_kv_head) (Ainslie et al. 2023).
//
// qkv    (B T) rows of [q heads | k heads | v heads], each head D wide, row stride given: the
//        output of one linear map as it lies in memory; dqkv the same, with the same stride
// out    (B T) rows of n_head heads; dout the same, with the same stride
// lse    (B, n_head, T); delta likewise: scratch
// segments  (B, T) or null: one segment. Any numbers in any order. A negative one marks padding,
//        which sees nothing and is seen by nothing: out, lse and all its gradients are exactly 0.
//
// forward   writes out and lse.   4 D FLOPs for each pair of a query and a key that it may see
// backward  dqkv `=`, or `+=` when add; writes delta, computes scores again.   10 D FLOPs a pair
//
// Scores exist for kAttentionTile x kAttentionTile pairs at a time; tiles above the diagonal, and
// tiles whose segments' numbers lie apart, are skipped. All numbers must be finite. Memory moved:
// forward reads qkv and writes out about once, backward moves two and a half times that, plus one
// read of a key and value tile for each tile of queries behind it (from the cache, as a rule).
//
// Aliasing: nothing may overlap. Deterministic: forward's unit of work is a tile of queries of one
// head, backward's a key and value head with all the query heads that read it; each walks the tiles
// in a fixed order, whichever thread it is on.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace pupil::cpu {

inline constexpr std::int64_t kAttentionTile = 64;

struct AttentionShape {
  std::int64_t batch;      ///< B
  std::int64_t positions;  ///< T; of a cached call: new positions in each row
  std::int64_t n_head;
  std::int64_t n_kv_head;
  std::int64_t head_dim;  ///< D
};

template <class T>
void attention_forward(View<T> out, T* lse, View<const T> qkv, AttentionShape shape,
                       const std::int32_t* segments);

template <class T>
void attention_backward(View<T> dqkv, bool add, T* delta, View<const T> dout, View<const T> qkv,
                        View<const T> out, const T* lse, AttentionShape shape,
                        const std::int32_t* segments);

/// Forward of the last T positions of longer sequences whose keys and values are kept.
/// q, out: (B T) rows of n_head heads; k, v: (B capacity) rows of n_kv_head heads, of which
/// kv_lengths[b] are filled, the new ones included, both with one stride. Query i of row b stands
/// at position kv_lengths[b] - T + i. A row of out has the same bits as attention_forward gives it.
template <class T>
void attention_cached(View<T> out, View<const T> q, View<const T> k, View<const T> v,
                      std::int64_t capacity, const std::int32_t* kv_lengths, AttentionShape shape);

}  // namespace pupil::cpu
