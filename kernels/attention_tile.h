// What both directions of attention are made of, for one tile of queries against one tile of keys:
// small products on registers, transposed copies, and which keys a query sees. BLAS needs longer to
// get ready than a 64 x 64 x 32 product takes (bench/attention_bench).
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels/attention.h"
#include "kernels/simd.h"

namespace pupil::cpu::PUPIL_ISA {
namespace {

// Queries handled together, and rows of the largest block of sums that registers hold.
constexpr std::int64_t kStrip = 8;

template <class T>
struct Matrix {  // element (i, j) at data[i * row + j * column]
  const T* data;
  std::int64_t row, column = 1;

  Matrix from_row(std::int64_t i) const { return {data + i * row, row, column}; }
};

// kRows x (kVectors vectors) of out = or += a b. The last vector has `last` lanes.
template <int kRows, int kVectors, bool kPart, class T>
PUPIL_INLINE void product_block(T* out, std::int64_t stride, bool add, Matrix<T> a, const T* b,
                                std::int64_t b_stride, std::int64_t depth, std::int64_t last) {
  using V = Vec<T>;
  constexpr int L = V::kLanes;
  const auto load = [last](const T* p, int j) PUPIL_INLINE_LAMBDA {
    return kPart && j == kVectors - 1 ? V::load_partial(p + j * L, last) : V::load(p + j * L);
  };
  V sum[kRows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) sum[i][j] = add ? load(out + i * stride, j) : V(T(0));
  }
  for (std::int64_t p = 0; p < depth; ++p) {
    V row[kVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) row[j] = load(b + p * b_stride, j);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const V x = a.data[i * a.row + p * a.column];
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) sum[i][j] = fma(x, row[j], sum[i][j]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      T* const to = out + i * stride + j * L;
      if (kPart && j == kVectors - 1) {
        sum[i][j].store_partial(to, last);
      } else {
        sum[i][j].store(to);
      }
    }
  }
}

template <int kRows, class T>
void product_rows(T* out, std::int64_t stride, bool add, Matrix<T> a, const T* b,
                  std::int64_t b_stride, std::int64_t columns, std::int64_t depth) {
  constexpr std::int64_t L = Vec<T>::kLanes;
  std::int64_t j = 0;
  for (; j + 2 * L <= columns; j += 2 * L) {
    product_block<kRows, 2, false>(out + j, stride, add, a, b + j, b_stride, depth, L);
  }
  const std::int64_t rest = columns - j;
  if (rest > L) {
    product_block<kRows, 2, true>(out + j, stride, add, a, b + j, b_stride, depth, rest - L);
  } else if (rest == L) {
    product_block<kRows, 1, false>(out + j, stride, add, a, b + j, b_stride, depth, L);
  } else if (rest > 0) {
    product_block<kRows, 1, true>(out + j, stride, add, a, b + j, b_stride, depth, rest);
  }
}

// out[i,j] = or += sum_p a(i, p) b[p,j] for i < rows, j < columns, p < depth: an element is one
// chain of multiply-adds in the order of p, whichever block it falls into.
template <class T>
void product(T* out, std::int64_t stride, bool add, Matrix<T> a, const T* b, std::int64_t b_stride,
             std::int64_t rows, std::int64_t columns, std::int64_t depth) {
  constexpr int kMost = Vec<T>::kLanes * sizeof(T) == 64 ? 8 : 4;  // by the number of registers
  const auto take = [&]<int kRows>() {
    product_rows<kRows>(out, stride, add, a, b, b_stride, columns, depth);
    out += kRows * stride;
    a = a.from_row(kRows);
    rows -= kRows;
  };
  while (rows >= kMost) take.template operator()<kMost>();
  if (rows >= 4) take.template operator()<4>();
  if (rows == 3) take.template operator()<3>();
  if (rows == 2) take.template operator()<2>();
  if (rows == 1) take.template operator()<1>();
}

// 0, 1, 2, ...
template <class T>
PUPIL_INLINE Vec<T> lane_numbers() {
  return []<int... I>(std::integer_sequence<int, I...>) PUPIL_INLINE_LAMBDA {
    return Vec<T>(typename Vec<T>::Native{T(I)...});
  }
  (std::make_integer_sequence<int, Vec<T>::kLanes>());
}

// The first (kHigh = 0) or second half of a and b, lanes taken in turn: a0 b0 a1 b1 ...
template <int kHigh, class T, std::size_t... I>
PUPIL_INLINE Vec<T> interleave(Vec<T> a, Vec<T> b, std::index_sequence<I...>) {
  constexpr int L = Vec<T>::kLanes;
  return __builtin_shufflevector(a.v, b.v, (int(I / 2) + kHigh * L / 2 + (I % 2 ? L : 0))...);
}

// Swaps rows and lanes: a perfect shuffle moves one bit of the row number into the lane number, so
// that log2(lanes) of them move all.
template <class T>
PUPIL_INLINE void transpose(Vec<T> (&rows)[Vec<T>::kLanes]) {
  constexpr int L = Vec<T>::kLanes;
  constexpr auto kLanes = std::make_index_sequence<L>{};
  for (int stage = 1; stage < L; stage *= 2) {
    Vec<T> next[L];
#pragma GCC unroll 8
    for (int i = 0; i < L / 2; ++i) {
      next[2 * i] = interleave<0, T>(rows[i], rows[i + L / 2], kLanes);
      next[2 * i + 1] = interleave<1, T>(rows[i], rows[i + L / 2], kLanes);
    }
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) rows[i] = next[i];
  }
}

// The first rows of inp[n, lanes], turned; a row behind the last is the last one again.
template <bool kPart, class T>
PUPIL_INLINE void copy_block_transposed(T* out, const T* inp, std::int64_t stride, std::int64_t n,
                                        std::int64_t lanes) {
  using V = Vec<T>;
  V block[V::kLanes];
#pragma GCC unroll 16
  for (std::int64_t i = 0; i < V::kLanes; ++i) {
    block[i] = kPart ? V::load_partial(inp, lanes) : V::load(inp);
    inp += i + 1 < n ? stride : 0;
  }
  transpose(block);
#pragma GCC unroll 16
  for (std::int64_t j = 0; j < V::kLanes; ++j) block[j].store(out + j * kAttentionTile);
}

// out[j, i] = inp[i, j] for i < n, j < width, both at most kAttentionTile; rows of out are
// kAttentionTile apart. Fills whole vectors: what stands behind column n - 1 repeats it, and rows
// behind width - 1 become 0.
template <class T>
void copy_transposed(T* out, const T* inp, std::int64_t stride, std::int64_t n,
                     std::int64_t width) {
  constexpr std::int64_t L = Vec<T>::kLanes;
  for (std::int64_t i = 0; i < n; i += L) {
    const T* const from = inp + i * stride;
    std::int64_t j = 0;
    for (; j + L <= width; j += L) {
      copy_block_transposed<false>(out + j * kAttentionTile + i, from + j, stride, n - i, L);
    }
    if (j < width) {
      copy_block_transposed<true>(out + j * kAttentionTile + i, from + j, stride, n - i, width - j);
    }
  }
}

// Which of a tile's keys its queries see. Query i stands `reach` positions behind the first key
// plus i: it sees keys 0 .. i + reach, if they are of its segment.
template <class T>
class Sight {
 public:
  using V = Vec<T>;
  /// Segments of the queries and keys: null, one for all.
  Sight(std::int64_t queries, std::int64_t keys, std::int64_t reach,
        const std::int32_t* query_segments, const std::int32_t* key_segments)
      : queries(queries), keys(keys), reach_(reach), segmented_(query_segments != nullptr) {
    if (!segmented_) return;
    for (std::int64_t i = 0; i < kAttentionTile; ++i) {
      query_ids_[i] = i < queries ? query_segments[i] : -1;
      key_ids_[i] = i < keys ? key_segments[i] : -1;
    }
  }

  const std::int64_t queries, keys;

  /// How many keys queries up to i can see, segments apart.
  std::int64_t end(std::int64_t i) const {
    const std::int64_t n = i + reach_ + 1;
    return n < 0 ? 0 : n < keys ? n : keys;
  }
  /// True when all queries from i on see all keys before `end`.
  bool everything(std::int64_t i, std::int64_t end) const {
    return !segmented_ && end <= this->end(i);
  }
  /// True when no query's segment can be found among the keys': their numbers lie apart.
  bool nothing() const {
    if (!segmented_) return false;
    const Range q = range(query_ids_, queries), k = range(key_ids_, keys);
    return q.high < k.low || k.high < q.low || q.high < 0;
  }
  /// The lanes of keys k, k + 1, ... that query i sees.
  PUPIL_INLINE typename V::Mask visible(std::int64_t i, std::int64_t k) const {
    const typename V::Mask before = lane_numbers<T>() < V(T(i + reach_ + 1 - k));
    if (!segmented_) return before;
    typename V::Bits ids;
    __builtin_memcpy(&ids, key_ids_ + k, sizeof ids);
    const Id id = query_ids_[i];
    return before & (ids == (id < 0 ? Id(-2) : id)) & (ids >= 0);
  }

 private:
  using Id = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;  // as wide as T
  struct Range {
    Id low, high;
  };
  static Range range(const Id* ids, std::int64_t n) {
    Range r{ids[0], ids[0]};
    for (std::int64_t i = 1; i < n; ++i) {
      r.low = ids[i] < r.low ? ids[i] : r.low;
      r.high = ids[i] > r.high ? ids[i] : r.high;
    }
    return r;
  }

  std::int64_t reach_;
  bool segmented_;
  Id query_ids_[kAttentionTile], key_ids_[kAttentionTile];
};

template <class T>
PUPIL_INLINE void clear(T* row, std::int64_t n) {
  for_vectors<T>(n, [&](auto at) PUPIL_INLINE_LAMBDA { at.store(row, T(0)); });
}

template <class T>
constexpr std::int64_t whole_vectors(std::int64_t n) {
  return (n + Vec<T>::kLanes - 1) / Vec<T>::kLanes * Vec<T>::kLanes;
}

// scores[i,k] = a_i . b_k for the keys that some query of i's strip sees; rows of scores are
// kAttentionTile long, and strips are whole: those behind the last query are 0. `turned` holds b's
// transpose afterwards, and before, if b is no wider than a tile and `ready` says so.
template <class T>
void score(T* scores, const T* a, std::int64_t a_stride, const T* b, std::int64_t b_stride,
           std::int64_t head_dim, const Sight<T>& sight, T* turned, bool ready) {
  for (std::int64_t d = 0; d < head_dim; d += kAttentionTile) {
    const std::int64_t depth = head_dim - d < kAttentionTile ? head_dim - d : kAttentionTile;
    if (!ready || head_dim > kAttentionTile) {
      copy_transposed(turned, b + d, b_stride, sight.keys, depth);
    }
    for (std::int64_t i = 0; i < sight.queries; i += kStrip) {
      const std::int64_t rows = sight.queries - i < kStrip ? sight.queries - i : kStrip;
      const std::int64_t columns = whole_vectors<T>(sight.end(i + rows - 1));
      T* const to = scores + i * kAttentionTile;
      for (std::int64_t r = rows * kAttentionTile; r < kStrip * kAttentionTile; ++r) to[r] = T(0);
      product<T>(to, kAttentionTile, d > 0, {a + i * a_stride + d, a_stride}, turned,
                 kAttentionTile, rows, columns, depth);
    }
  }
}

}  // namespace
}  // namespace pupil::cpu::PUPIL_ISA
