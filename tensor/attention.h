// Attention without gradients: kernels/attention.h.
#pragma once
#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace pupil::tensor {

/// Heads of an attention. Whatever has these three fields converts, so that the Heads of
/// autograd/operations.h can be passed as they are.
struct AttentionHeads {
  std::int64_t n_head, n_kv_head, head_dim;

  template <class H>
  AttentionHeads(const H& h) : n_head(h.n_head), n_kv_head(h.n_kv_head), head_dim(h.head_dim) {}
};

struct Attention {
  Tensor out;  ///< (B, T, n_head head_dim)
  Tensor lse;  ///< (B, n_head, T), for backward
};
/// qkv: (B, T, (n_head + 2 n_kv_head) head_dim); segments: i32 (B, T) or undefined.
/// Throws ShapeError, DTypeError.
Attention causal_attention(const Tensor& qkv, const AttentionHeads& heads, const Tensor& segments);
/// dqkv = or += (add).
void causal_attention_backward(const Tensor& dqkv, bool add, const Tensor& dout, const Tensor& qkv,
                               const Tensor& out, const Tensor& lse, const AttentionHeads& heads,
                               const Tensor& segments);

/// Attention of T new positions a row to a cache that holds them and those before.
/// q: (B, T, n_head head_dim); k_cache, v_cache: (B, capacity, n_kv_head head_dim), of which
/// kv_lengths[b] positions are filled -> (B, T, n_head head_dim).
Tensor causal_attention_cached(const Tensor& q, const Tensor& k_cache, const Tensor& v_cache,
                               std::span<const std::int32_t> kv_lengths,
                               const AttentionHeads& heads);

}  // namespace pupil::tensor
