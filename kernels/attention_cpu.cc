#include "kernels/attention.h"

#include <cmath>

#include "kernels/attention_tile.h"
#include "kernels/isa.h"
#include "kernels/math.h"
#include "kernels/parallel.h"

namespace pupil::cpu {
namespace PUPIL_ISA {
namespace {

constexpr std::int64_t kTile = kAttentionTile;

// One tile of queries of one head, with all the keys before it.
template <class T>
struct QueryTile {
  T* out;
  std::int64_t out_stride;
  T* lse;  // null: not wanted
  const T* q;
  std::int64_t q_stride;
  const T* k;
  const T* v;
  std::int64_t kv_stride;
  std::int64_t queries, first, head_dim;  // first: the position of query 0
  const std::int32_t* segments;           // of the whole row, or null
};

// What each query has met so far: its largest score, and the sum of exp(score - largest).
template <class T>
struct Running {
  T largest[kTile], total[kTile];
};

// Scores that count as none. The first is what an unseen key gets, the second where the largest
// score starts: exp(first - second) is 0 although nothing was seen.
constexpr double kUnseen = -1e30, kNone = -5e29;

// Turns the scores of the strip from query i0 on into exp(scale score - largest), 0 where unseen,
// and takes them into `state`: shrink[r] is the factor by which what was summed before must shrink.
template <class T>
void soften(T* scores, const Sight<T>& sight, std::int64_t i0, std::int64_t n, T scale,
            Running<T>& state, T* shrink) {
  using V = Vec<T>;
  constexpr std::int64_t L = V::kLanes;
  T* const largest = state.largest + i0;
  T* const total = state.total + i0;
  V top[kStrip], sum[kStrip];
#pragma GCC unroll 8
  for (int r = 0; r < kStrip; ++r) top[r] = V(T(kNone));
  for (std::int64_t k = 0; k < n; k += L) {
    T* const at = scores + k;
    if (sight.everything(i0, k + L)) {
#pragma GCC unroll 8
      for (int r = 0; r < kStrip; ++r) top[r] = max(top[r], V::load(at + r * kTile));
    } else {
#pragma GCC unroll 8
      for (int r = 0; r < kStrip; ++r) {
        const V seen = select(sight.visible(i0 + r, k), V::load(at + r * kTile), V(T(kUnseen)));
        seen.store(at + r * kTile);
        top[r] = max(top[r], seen);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kStrip; ++r) {
    const T most = reduce_max(top[r]) * scale;
    shrink[r] = largest[r];
    largest[r] = most > largest[r] ? most : largest[r];
    sum[r] = V(T(0));
  }
  for (std::int64_t k = 0; k < n; k += L) {
#pragma GCC unroll 8
    for (int r = 0; r < kStrip; ++r) {
      T* const at = scores + r * kTile + k;
      const V p = exp(fma(V::load(at), V(scale), V(-largest[r])));
      p.store(at);
      sum[r] += p;
    }
  }
  for_vectors<T>(kStrip, [&](auto at) PUPIL_INLINE_LAMBDA {
    at.store(shrink, exp(at.load(shrink) - at.load(largest)));
  });
#pragma GCC unroll 8
  for (int r = 0; r < kStrip; ++r) total[r] = total[r] * shrink[r] + reduce_add(sum[r]);
}

template <class T>
void scale_row(T* row, std::int64_t n, T factor) {
  for_vectors<T>(n, [&](auto at) PUPIL_INLINE_LAMBDA { at.store(row, at.load(row) * factor); });
}

template <class T>
void forward_tile(const QueryTile<T>& t) {
  alignas(64) T scores[kTile * kTile], turned[kTile * kTile], shrink[kStrip];
  Running<T> state;
  const T scale = T(1) / std::sqrt(T(t.head_dim));
  for (std::int64_t i = 0; i < kTile; ++i) {
    state.largest[i] = T(kNone);
    state.total[i] = T(0);
  }
  for (std::int64_t i = 0; i < t.queries; ++i) clear(t.out + i * t.out_stride, t.head_dim);
  bool started = false;
  for (std::int64_t k0 = 0; k0 < t.first + t.queries; k0 += kTile) {
    const std::int64_t left = t.first + t.queries - k0;
    const Sight<T> sight(t.queries, left < kTile ? left : kTile, t.first - k0,
                         t.segments ? t.segments + t.first : nullptr,
                         t.segments ? t.segments + k0 : nullptr);
    if (sight.nothing()) continue;
    score<T>(scores, t.q, t.q_stride, t.k + k0 * t.kv_stride, t.kv_stride, t.head_dim, sight,
             turned, false);
    for (std::int64_t i0 = 0; i0 < t.queries; i0 += kStrip) {
      const std::int64_t rows = t.queries - i0 < kStrip ? t.queries - i0 : kStrip;
      const std::int64_t keys = sight.end(i0 + rows - 1);
      T* const out = t.out + i0 * t.out_stride;
      soften(scores + i0 * kTile, sight, i0, whole_vectors<T>(keys), scale, state, shrink);
      for (std::int64_t r = 0; started && r < rows; ++r) {
        scale_row(out + r * t.out_stride, t.head_dim, shrink[r]);
      }
      product<T>(out, t.out_stride, true, {scores + i0 * kTile, kTile}, t.v + k0 * t.kv_stride,
                 t.kv_stride, rows, t.head_dim, keys);
    }
    started = true;
  }
  // A query that saw nothing has the total 0: its out is 0 already.
  for (std::int64_t i = 0; i < t.queries; ++i) {
    const T total = state.total[i];
    if (total > T(0)) scale_row(t.out + i * t.out_stride, t.head_dim, T(1) / total);
  }
  if (!t.lse) return;
  for_vectors<T>(t.queries, [&](auto at) PUPIL_INLINE_LAMBDA {
    const Vec<T> total = at.load(state.total), lse = at.load(state.largest) + log(total);
    at.store(t.lse, select(total > Vec<T>(T(0)), lse, Vec<T>(T(0))));
  });
}

}  // namespace
}  // namespace PUPIL_ISA

KERNEL(attention_forward,
       (View<T> out, T* lse, View<const T> qkv, AttentionShape shape, const std::int32_t* segments),
       (out, lse, qkv, shape, segments)) {
  const auto [B, N, H, K, D] = shape;
  const std::int64_t tiles = (N + kAttentionTile - 1) / kAttentionTile;
  parallel_for(B * H * tiles, [=, N = N, H = H, K = K, D = D](std::int64_t item) {
    const std::int64_t tile = item % tiles, h = item / tiles % H, b = item / tiles / H;
    const std::int64_t first = tile * kAttentionTile, left = N - first;
    const T* const row = qkv.row(b * N);
    const T* const k = row + (H + h / (H / K)) * D;
    PUPIL_ISA::forward_tile<T>({.out = out.row(b * N + first) + h * D,
                                .out_stride = out.stride,
                                .lse = lse + (b * H + h) * N + first,
                                .q = row + first * qkv.stride + h * D,
                                .q_stride = qkv.stride,
                                .k = k,
                                .v = k + K * D,
                                .kv_stride = qkv.stride,
                                .queries = left < kAttentionTile ? left : kAttentionTile,
                                .first = first,
                                .head_dim = D,
                                .segments = segments ? segments + b * N : nullptr});
  });
}
INSTANTIATE(attention_forward)

KERNEL(attention_cached,
       (View<T> out, View<const T> q, View<const T> k, View<const T> v, std::int64_t capacity,
        const std::int32_t* kv_lengths, AttentionShape shape),
       (out, q, k, v, capacity, kv_lengths, shape)) {
  const auto [B, N, H, K, D] = shape;
  const std::int64_t tiles = (N + kAttentionTile - 1) / kAttentionTile;
  parallel_for(B * H * tiles, [=, N = N, H = H, K = K, D = D](std::int64_t item) {
    const std::int64_t tile = item % tiles, h = item / tiles % H, b = item / tiles / H;
    const std::int64_t begin = tile * kAttentionTile, left = N - begin;
    const std::int64_t column = h / (H / K) * D;
    PUPIL_ISA::forward_tile<T>({.out = out.row(b * N + begin) + h * D,
                                .out_stride = out.stride,
                                .lse = nullptr,
                                .q = q.row(b * N + begin) + h * D,
                                .q_stride = q.stride,
                                .k = k.row(b * capacity) + column,
                                .v = v.row(b * capacity) + column,
                                .kv_stride = k.stride,
                                .queries = left < kAttentionTile ? left : kAttentionTile,
                                .first = kv_lengths[b] - N + begin,
                                .head_dim = D,
                                .segments = nullptr});
  });
}
INSTANTIATE(attention_cached)

}  // namespace pupil::cpu
