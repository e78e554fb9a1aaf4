#include "kernels/rope.h"

#include <cmath>

#include "kernels/isa.h"
#include "kernels/parallel.h"

namespace pupil::cpu {
namespace PUPIL_ISA {
namespace {

// Pair i of a head lies at i * step and i * step + distance.
template <class T, bool kAdd, int kStep>
void turn_head(T* out, const T* inp, const T* cosine, const T* sine, T sign, std::int64_t half) {
  const std::int64_t distance = kStep == 2 ? 1 : half;
  for (std::int64_t i = 0; i < half; ++i) {
    const T a = inp[i * kStep], b = inp[i * kStep + distance];
    const T c = cosine[i], s = sign * sine[i];
    const T first = c * a - s * b, second = s * a + c * b;
    out[i * kStep] = kAdd ? out[i * kStep] + first : first;
    out[i * kStep + distance] = kAdd ? out[i * kStep + distance] + second : second;
  }
}

}  // namespace
}  // namespace PUPIL_ISA

KERNEL(rope_table,
       (T * table, std::int64_t first, std::int64_t n, std::int64_t head_dim, double theta),
       (table, first, n, head_dim, theta)) {
  constexpr std::int64_t kPositions = 32;
  const std::int64_t half = head_dim / 2;
  parallel_for((n + kPositions - 1) / kPositions, [=](std::int64_t tile) {
    const std::int64_t begin = tile * kPositions;
    const std::int64_t end = begin + kPositions < n ? begin + kPositions : n;
    for (std::int64_t i = 0; i < half; ++i) {
      const double frequency = std::pow(theta, -2.0 * double(i) / double(head_dim));
      const double angle = double(first + begin) * frequency;
      const double step_c = std::cos(frequency), step_s = std::sin(frequency);
      double c = std::cos(angle), s = std::sin(angle);
      for (std::int64_t p = begin; p < end; ++p) {
        table[p * head_dim + i] = T(c);
        table[p * head_dim + half + i] = T(s);
        const double next = c * step_c - s * step_s;
        s = s * step_c + c * step_s;
        c = next;
      }
    }
  });
}
INSTANTIATE(rope_table)

KERNEL(rope,
       (View<T> out, bool add, View<const T> inp, std::int64_t head_dim, const T* table,
        const std::int64_t* table_rows, RopePairs pairs, bool inverse),
       (out, add, inp, head_dim, table, table_rows, pairs, inverse)) {
  const std::int64_t half = head_dim / 2;
  const std::int64_t tile = 1 + (1 << 13) / (out.width + 1);
  const T sign = inverse ? T(-1) : T(1);
  auto* const turn =
      pairs == RopePairs::kInterleaved
          ? (add ? PUPIL_ISA::turn_head<T, true, 2> : PUPIL_ISA::turn_head<T, false, 2>)
          : (add ? PUPIL_ISA::turn_head<T, true, 1> : PUPIL_ISA::turn_head<T, false, 1>);
  parallel_for((out.rows + tile - 1) / tile, [=](std::int64_t t) {
    const std::int64_t end = (t + 1) * tile < out.rows ? (t + 1) * tile : out.rows;
    for (std::int64_t r = t * tile; r < end; ++r) {
      const T* const cosine = table + table_rows[r] * head_dim;
      for (std::int64_t h = 0; h < out.width; h += head_dim) {
        turn(out.row(r) + h, inp.row(r) + h, cosine, cosine + half, sign, half);
      }
    }
  });
}
INSTANTIATE(rope)

}  // namespace pupil::cpu
