// Cross-entropy over rows of logits, with a mask, row weights and label smoothing
// (Szegedy et al. 2016, section 7).
//
//   p_i      = softmax(z_i),  z_i = logits[i,:]                         rows x V, row stride >= V
//   loss_i   = w_i ((1 - e) (-log p_i[y_i]) + e mean_v(-log p_i[v]))
//   d loss_i / d z_i = w_i (p_i - (1 - e) onehot(y_i) - e / V)
//
// A row with a negative target (kIgnoredTarget) or with w_i = 0 is masked: its loss and its
// gradient are exactly 0 and its logits are never read. weights may be null: all 1. Targets are
// below V. Every exponent is z - max_i, so that logits of 1e4 neither overflow nor lose digits;
// what backward needs is therefore max and sum = sum_v exp(z - max), not their logsumexp.
//
// forward     loss, max, sum  =                   reads the row twice: 1 exp, 3 FLOPs an element
// backward    dlogits = or += scale * gradient    reads 1, writes 1;   1 exp, 3 FLOPs an element
// in_place    loss = ; gradient written over the logits: one exp an element instead of two
// scaled_copy out = or += factor * inp            hands gradients made for an upstream of 1 on
// Aliasing: dlogits may be logits. A row belongs to one thread: deterministic.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace pupil::cpu {

inline constexpr std::int32_t kIgnoredTarget = -100;

/// What the rows are compared with.
template <class T>
struct CrossEntropyRows {
  const std::int32_t* targets = nullptr;
  const T* weights = nullptr;
  T label_smoothing = 0;

  [[gnu::always_inline]] bool masked(std::int64_t i) const {
    return targets[i] < 0 || (weights && weights[i] == 0);
  }
  [[gnu::always_inline]] T weight(std::int64_t i) const { return weights ? weights[i] : T(1); }
};

template <class T>
void cross_entropy_forward(T* loss, T* max, T* sum, View<const T> logits, CrossEntropyRows<T> rows);

template <class T>
void cross_entropy_backward(View<T> dlogits, View<const T> logits, const T* max, const T* sum,
                            CrossEntropyRows<T> rows, T scale, bool add);

template <class T>
void cross_entropy_in_place(T* loss, View<T> logits, CrossEntropyRows<T> rows);

template <class T>
void scaled_copy(T* out, bool add, T factor, const T* inp, std::int64_t n);

}  // namespace pupil::cpu
