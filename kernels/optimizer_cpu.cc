#include "kernels/optimizer.h"

#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/simd.h"

namespace pupil::cpu {
namespace PUPIL_ISA {

template <class Body>
PUPIL_INLINE void for_tiles(std::int64_t n, std::int64_t tile, Body&& body) {
  parallel_for((n + tile - 1) / tile,
               [=](std::int64_t t) { body(t * tile, (t + 1) * tile < n ? (t + 1) * tile : n); });
}

constexpr std::int64_t kTile = 1 << 14;

}  // namespace PUPIL_ISA

KERNEL(adamw, (T * weight, T* m, T* v, const T* grad, std::int64_t n, AdamW<T> s),
       (weight, m, v, grad, n, s)) {
  for_tiles(n, kTile, [=](std::int64_t begin, std::int64_t end) PUPIL_INLINE_LAMBDA {
    const Vec<T> beta1 = s.beta1, one_minus_beta1 = s.one_minus_beta1, beta2 = s.beta2,
                 one_minus_beta2 = s.one_minus_beta2, step_size = s.step_size,
                 inverse_root = s.inverse_root, eps = s.eps, decay = s.decay,
                 grad_scale = s.grad_scale;
    for_vectors<T>(begin, end, [=](auto at) PUPIL_INLINE_LAMBDA {
      const Vec<T> g = at.load(grad) * grad_scale;
      const Vec<T> first = beta1 * at.load(m) + one_minus_beta1 * g;
      const Vec<T> second = beta2 * at.load(v) + one_minus_beta2 * g * g;
      at.store(m, first);
      at.store(v, second);
      at.store(weight,
               decay * at.load(weight) - step_size * first / (sqrt(second) * inverse_root + eps));
    });
  });
}
INSTANTIATE(adamw)

KERNEL(sgd, (T * weight, T* buffer, const T* grad, std::int64_t n, Sgd<T> s),
       (weight, buffer, grad, n, s)) {
  for_tiles(n, kTile, [=](std::int64_t begin, std::int64_t end) PUPIL_INLINE_LAMBDA {
    const Vec<T> lr = s.lr, momentum = s.momentum, decay = s.weight_decay, scale = s.grad_scale;
    for_vectors<T>(begin, end, [=](auto at) PUPIL_INLINE_LAMBDA {
      const Vec<T> w = at.load(weight), g = scale * at.load(grad) + decay * w;
      Vec<T> step = g;
      if (buffer) {
        // The first step must not read the buffer: it may hold anything.
        const Vec<T> b = s.first ? g : momentum * at.load(buffer) + g;
        at.store(buffer, b);
        step = s.nesterov ? g + momentum * b : b;
      }
      at.store(weight, w - lr * step);
    });
  });
}
INSTANTIATE(sgd)

KERNEL(sum_of_squares, (double* partials, const T* x, std::int64_t n), (partials, x, n)) {
  for_tiles(n, kSquaresTile, [=](std::int64_t begin, std::int64_t end) PUPIL_INLINE_LAMBDA {
    constexpr int kLanes = 32;  // several vectors: additions wait for each other otherwise
    double sums[kLanes] = {};
    std::int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) {
      for (int l = 0; l < kLanes; ++l) sums[l] += double(x[i + l]) * double(x[i + l]);
    }
    for (int l = 0; i < end; ++i, ++l) sums[l] += double(x[i]) * double(x[i]);
    for (int half = kLanes / 2; half > 0; half /= 2) {
      for (int l = 0; l < half; ++l) sums[l] += sums[l + half];
    }
    partials[begin / kSquaresTile] = sums[0];
  });
}
INSTANTIATE(sum_of_squares)

}  // namespace pupil::cpu
