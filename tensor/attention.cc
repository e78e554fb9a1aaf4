#include "tensor/attention.h"

#include <fmt/format.h>

#include "kernels/attention.h"
#include "tensor/error.h"

namespace pupil::tensor {
namespace {

void check_heads(const AttentionHeads& h) {
  if (h.n_head < 1 || h.n_kv_head < 1 || h.head_dim < 1 || h.n_head % h.n_kv_head != 0) {
    throw ShapeError(
        fmt::format("[causal_attention] {} heads, {} key/value heads, head dim {}: "
                    "each must be at least 1, and heads a multiple of key/value heads",
                    h.n_head, h.n_kv_head, h.head_dim));
  }
}

void check_packed(const Tensor& qkv, const AttentionHeads& h, const Tensor& segments) {
  check_heads(h);
  const std::int64_t width = (h.n_head + 2 * h.n_kv_head) * h.head_dim;
  if (qkv.shape().rank() != 3 || qkv.shape().back() != width) {
    throw ShapeError(
        fmt::format("[causal_attention] qkv is {}; {} + 2 x {} heads of {} need (B, T, {})",
                    qkv.str(), h.n_head, h.n_kv_head, h.head_dim, width));
  }
  const Shape positions{qkv.shape()[0], qkv.shape()[1]};
  if (segments.defined() && (segments.dtype() != DType::kInt32 || segments.shape() != positions)) {
    throw ShapeError(
        fmt::format("[causal_attention] segments are {}, qkv is {}; segments must be "
                    "{} i32",
                    segments.str(), qkv.str(), positions.str()));
  }
}

void check_cache(const Tensor& q, const Tensor& cache, const char* name, const Shape& shape) {
  if (cache.dtype() != q.dtype() || cache.shape() != shape) {
    throw ShapeError(fmt::format("[causal_attention_cached] {} is {}, q is {}; {} must be {} {}",
                                 name, cache.str(), q.str(), name, shape.str(),
                                 name_of(q.dtype())));
  }
}

cpu::AttentionShape shape_of(const Tensor& x, const AttentionHeads& h) {
  return {x.shape()[0], x.shape()[1], h.n_head, h.n_kv_head, h.head_dim};
}

const std::int32_t* data_or_null(const Tensor& segments) {
  return segments.defined() ? segments.data<std::int32_t>() : nullptr;
}

}  // namespace

Attention causal_attention(const Tensor& qkv, const AttentionHeads& heads, const Tensor& segments) {
  check_packed(qkv, heads, segments);
  const std::int64_t B = qkv.shape()[0], T = qkv.shape()[1];
  Attention result{Tensor::empty({B, T, heads.n_head * heads.head_dim}, qkv.dtype()),
                   Tensor::empty({B, heads.n_head, T}, qkv.dtype())};
  dispatch_float("causal_attention", qkv.dtype(), [&]<class F>() {
    cpu::attention_forward<F>(result.out.view<F>(), result.lse.data<F>(), qkv.view<F>(),
                              shape_of(qkv, heads), data_or_null(segments));
  });
  return result;
}

void causal_attention_backward(const Tensor& dqkv, bool add, const Tensor& dout, const Tensor& qkv,
                               const Tensor& out, const Tensor& lse, const AttentionHeads& heads,
                               const Tensor& segments) {
  const Tensor delta = Tensor::empty(lse.shape(), lse.dtype());
  dispatch_float("causal_attention", qkv.dtype(), [&]<class F>() {
    cpu::attention_backward<F>(dqkv.view<F>(), add, delta.data<F>(), dout.view<F>(), qkv.view<F>(),
                               out.view<F>(), lse.data<F>(), shape_of(qkv, heads),
                               data_or_null(segments));
  });
}

Tensor causal_attention_cached(const Tensor& q, const Tensor& k_cache, const Tensor& v_cache,
                               std::span<const std::int32_t> kv_lengths,
                               const AttentionHeads& heads) {
  check_heads(heads);
  const std::int64_t width = heads.n_head * heads.head_dim;
  if (q.shape().rank() != 3 || q.shape().back() != width) {
    throw ShapeError(
        fmt::format("[causal_attention_cached] q is {}; {} heads of {} need (B, T, {})", q.str(),
                    heads.n_head, heads.head_dim, width));
  }
  const std::int64_t B = q.shape()[0], T = q.shape()[1];
  const std::int64_t capacity = k_cache.shape().rank() == 3 ? k_cache.shape()[1] : 0;
  const Shape cache_shape{B, capacity, heads.n_kv_head * heads.head_dim};
  check_cache(q, k_cache, "k_cache", cache_shape);
  check_cache(q, v_cache, "v_cache", cache_shape);
  if (std::int64_t(kv_lengths.size()) != B) {
    throw ShapeError(
        fmt::format("[causal_attention_cached] {} lengths for {} rows of q", kv_lengths.size(), B));
  }
  for (const std::int32_t length : kv_lengths) {
    if (length < T || length > capacity) {
      throw IndexError(
          fmt::format("[causal_attention_cached] a row has {} positions filled; it must "
                      "hold the {} new ones and fit the capacity {}",
                      length, T, capacity));
    }
  }
  Tensor out = Tensor::empty(q.shape(), q.dtype());
  dispatch_float("causal_attention_cached", q.dtype(), [&]<class F>() {
    cpu::attention_cached<F>(out.view<F>(), q.view<F>(), k_cache.view<F>(), v_cache.view<F>(),
                             capacity, kv_lengths.data(), shape_of(q, heads));
  });
  return out;
}

}  // namespace pupil::tensor
