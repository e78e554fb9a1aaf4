// Distributions over tokens, and how far two of them lie apart.
#pragma once
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "lessons/kit/lesson.h"

namespace pupil {

using Shares = std::vector<double>;  ///< of all tokens, sum 1

inline Shares normalised(Shares counts) {
  double total = 0;
  for (const double c : counts) total += c;
  for (double& c : counts) c /= total;
  return counts;
}

// anchor: divergence
/// Jensen-Shannon divergence (Lin 1991), in nats: 0 where p = q, log 2 where they share no token.
/// It is also I(source; token): how well a token tells from which of the two it was drawn.
inline double jensen_shannon(const Shares& p, const Shares& q) {
  double sum = 0;
  for (std::size_t v = 0; v < p.size(); ++v) {
    const double m = (p[v] + q[v]) / 2;
    if (p[v] > 0) sum += p[v] / 2 * std::log(p[v] / m);
    if (q[v] > 0) sum += q[v] / 2 * std::log(q[v] / m);
  }
  return sum;
}

/// The same of softmax(logits) and q, for the tape.
inline Variable jensen_shannon(const Variable& logits, const Variable& q) {
  const Variable p = softmax(logits), m = scale(add(p, q), 0.5);
  const Variable of_p = sum(mul(p, sub(log_softmax(logits), log(m))));
  const Variable of_q = sum(mul(q, sub(log(q), log(m))));
  return scale(add(of_p, of_q), 0.5);
}

// anchor: gradient
/// By the logits: p_v (a_v - sum_u p_u a_u), a_v = 1/2 log(p_v / m_v).
inline Shares jensen_shannon_gradient(const Shares& p, const Shares& q) {
  Shares a;
  double mean = 0;
  for (std::size_t v = 0; v < p.size(); ++v) {
    a.push_back(std::log(2 * p[v] / (p[v] + q[v])) / 2);
    mean += p[v] * a[v];
  }
  for (std::size_t v = 0; v < p.size(); ++v) a[v] = p[v] * (a[v] - mean);
  return a;
}

}  // namespace pupil
