#include <cmath>

#include "kernels/attention.h"
#include "kernels/attention_tile.h"
#include "kernels/isa.h"
#include "kernels/math.h"
#include "kernels/parallel.h"

namespace pupil::cpu {
namespace PUPIL_ISA {
namespace {

constexpr std::int64_t kTile = kAttentionTile;

// One query head with its key and value head; pointers to position 0.
template <class T>
struct HeadGradient {
  T *dq, *dk, *dv;
  const T *q, *k, *v;
  std::int64_t stride;  // of all six
  const T *dout, *out;
  std::int64_t out_stride;
  const T* lse;
  T* delta;
  std::int64_t positions, head_dim;
  const std::int32_t* segments;  // or null
};

template <class T>
void find_delta(const HeadGradient<T>& h) {
  for (std::int64_t i = 0; i < h.positions; ++i) {
    const T* const dout = h.dout + i * h.out_stride;
    const T* const out = h.out + i * h.out_stride;
    Vec<T> sum = T(0);
    for_vectors<T>(h.head_dim, [&](auto at) PUPIL_INLINE_LAMBDA {
      sum = fma(at.load(dout), at.load(out), sum);
    });
    h.delta[i] = reduce_add(sum);
  }
}

// In place, for query i: scores becomes p, dp = dout . v becomes ds; both 0 where unseen.
template <class T>
void differentiate_softmax(T* scores, T* dp, const Sight<T>& sight, std::int64_t i, std::int64_t n,
                           T scale, T lse, T delta) {
  using V = Vec<T>;
  const V minus_lse = V(-lse), minus_delta = V(-delta * scale);
  for (std::int64_t k = 0; k < n; k += V::kLanes) {
    V p = exp(fma(V::load(scores + k), V(scale), minus_lse));
    if (!sight.everything(i, k + V::kLanes)) p = select(sight.visible(i, k), p, V(T(0)));
    p.store(scores + k);
    (p * fma(V::load(dp + k), V(scale), minus_delta)).store(dp + k);
  }
}

// The memory of one thread's pair of tiles, and the transposed tile of keys and values in it.
template <class T>
struct Scratch {
  alignas(64) T scores[kTile * kTile], dp[kTile * kTile], keys[kTile * kTile],
      values[kTile * kTile];
};

template <class T>
void backward_pair(const HeadGradient<T>& h, std::int64_t q0, std::int64_t k0, Scratch<T>& s,
                   bool& ready) {
  const std::int64_t q_left = h.positions - q0, k_left = h.positions - k0, D = h.head_dim;
  const Sight<T> sight(q_left < kTile ? q_left : kTile, k_left < kTile ? k_left : kTile, q0 - k0,
                       h.segments ? h.segments + q0 : nullptr,
                       h.segments ? h.segments + k0 : nullptr);
  if (sight.nothing()) return;
  const T* const q = h.q + q0 * h.stride;
  const T* const k = h.k + k0 * h.stride;
  const T* const dout = h.dout + q0 * h.out_stride;
  const T scale = T(1) / std::sqrt(T(D));
  score<T>(s.scores, q, h.stride, k, h.stride, D, sight, s.keys, ready);
  score<T>(s.dp, dout, h.out_stride, h.v + k0 * h.stride, h.stride, D, sight, s.values, ready);
  ready = true;

  for (std::int64_t i0 = 0; i0 < sight.queries; i0 += kStrip) {
    const std::int64_t rows = sight.queries - i0 < kStrip ? sight.queries - i0 : kStrip;
    const std::int64_t keys = sight.end(i0 + rows - 1);
    for (std::int64_t i = i0; i < i0 + rows; ++i) {
      differentiate_softmax(s.scores + i * kTile, s.dp + i * kTile, sight, i,
                            whole_vectors<T>(keys), scale, h.lse[q0 + i], h.delta[q0 + i]);
    }
    product<T>(h.dq + (q0 + i0) * h.stride, h.stride, true, {s.dp + i0 * kTile, kTile}, k, h.stride,
               rows, D, keys);
  }
  for (std::int64_t c = 0; c < sight.keys; c += kStrip) {
    const std::int64_t rows = sight.keys - c < kStrip ? sight.keys - c : kStrip;
    // On the diagonal the first query that sees key c is query c: its strip begins there, too, so
    // all its scores up to key c + rows - 1 are written.
    const std::int64_t i0 = q0 == k0 ? c : 0, depth = sight.queries - i0;
    const std::int64_t at = (k0 + c) * h.stride, from = i0 * kTile + c;
    product<T>(h.dv + at, h.stride, true, {s.scores + from, 1, kTile}, dout + i0 * h.out_stride,
               h.out_stride, rows, D, depth);
    product<T>(h.dk + at, h.stride, true, {s.dp + from, 1, kTile}, q + i0 * h.stride, h.stride,
               rows, D, depth);
  }
}

}  // namespace
}  // namespace PUPIL_ISA

KERNEL(attention_backward,
       (View<T> dqkv, bool add, T* delta, View<const T> dout, View<const T> qkv, View<const T> out,
        const T* lse, AttentionShape shape, const std::int32_t* segments),
       (dqkv, add, delta, dout, qkv, out, lse, shape, segments)) {
  const auto [B, N, H, K, D] = shape;
  parallel_for(B * K, [=, N = N, H = H, K = K, D = D](std::int64_t item) {
    const std::int64_t b = item / K, kv = item % K, group = H / K;
    const auto head = [=](std::int64_t h) {
      const std::int64_t q = h * D, k = (H + kv) * D, v = (H + K + kv) * D;
      const T* const inp = qkv.row(b * N);
      T* const grad = dqkv.row(b * N);
      return PUPIL_ISA::HeadGradient<T>{
          .dq = grad + q,
          .dk = grad + k,
          .dv = grad + v,
          .q = inp + q,
          .k = inp + k,
          .v = inp + v,
          .stride = qkv.stride,
          .dout = dout.row(b * N) + q,
          .out = out.row(b * N) + q,
          .out_stride = out.stride,
          .lse = lse + (b * H + h) * N,
          .delta = delta + (b * H + h) * N,
          .positions = N,
          .head_dim = D,
          .segments = segments ? segments + b * N : nullptr,
      };
    };
    const auto first = head(kv * group);
    if (!add) {
      for (std::int64_t t = 0; t < N; ++t) {
        const std::int64_t at = t * dqkv.stride;
        PUPIL_ISA::clear(first.dq + at, group * D);
        PUPIL_ISA::clear(first.dk + at, D);
        PUPIL_ISA::clear(first.dv + at, D);
      }
    }
    for (std::int64_t g = 0; g < group; ++g) PUPIL_ISA::find_delta(head(kv * group + g));
    PUPIL_ISA::Scratch<T> scratch;
    for (std::int64_t k0 = 0; k0 < N; k0 += kAttentionTile) {
      bool ready = false;  // the transposed keys and values serve all queries of all heads
      for (std::int64_t g = 0; g < group; ++g) {
        for (std::int64_t q0 = k0; q0 < N; q0 += kAttentionTile) {
          PUPIL_ISA::backward_pair(head(kv * group + g), q0, k0, scratch, ready);
        }
      }
    }
  });
}
INSTANTIATE(attention_backward)

}  // namespace pupil::cpu
