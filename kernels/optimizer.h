// One step of an optimizer over a contiguous range of n parameters, and the norm that clipping
// needs.
//
// AdamW (Loshchilov and Hutter 2019, algorithm 2; Kingma and Ba 2015), g = grad_scale * grad:
//
//   m = beta1 m + (1 - beta1) g          v = beta2 v + (1 - beta2) g^2
//   w = decay w - step_size m / (sqrt(v) inverse_root + eps)
//   decay = 1 - lr weight_decay,  step_size = lr / (1 - beta1^t),  inverse_root = 1 / sqrt(1 -
//   beta2^t)
//
// SGD with momentum (Sutskever et al. 2013), g = grad_scale * grad + weight_decay w:
//
//   b = momentum b + g   (the first time b = g)      w = w - lr (nesterov ? g + momentum b : b)
//
// weight, m, v and buffer are updated in place, grad is only read: 7, or 5 with a buffer, or 3
// times n numbers of traffic. Element by element: deterministic. No aliasing. sum_of_squares writes
// sum x^2 of every tile of kSquaresTile numbers to partials, in double: squares of f32 can neither
// overflow nor vanish, and a NaN or Inf anywhere comes out. Reads n.
#pragma once
#include <cstdint>

namespace pupil::cpu {

template <class T>
struct AdamW {
  T beta1, one_minus_beta1, beta2, one_minus_beta2;
  T step_size, inverse_root, eps, decay, grad_scale;
};

template <class T>
void adamw(T* weight, T* m, T* v, const T* grad, std::int64_t n, AdamW<T> s);

template <class T>
struct Sgd {
  T lr, momentum, weight_decay, grad_scale;
  bool nesterov, first;
};

/// buffer is null when momentum is 0.
template <class T>
void sgd(T* weight, T* buffer, const T* grad, std::int64_t n, Sgd<T> s);

inline constexpr std::int64_t kSquaresTile = 1 << 15;

template <class T>
void sum_of_squares(double* partials, const T* x, std::int64_t n);

}  // namespace pupil::cpu
