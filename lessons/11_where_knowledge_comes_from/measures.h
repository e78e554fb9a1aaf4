// What this lesson counts with: shares with their intervals, and bits of a fact.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "lessons/kit/lesson.h"
#include "microworld/interval.h"
#include "microworld/vocabulary.h"
#include "nn/generate.h"

namespace pupil {

/// A difference of two shares, with its interval.
struct Gap {
  double value, low, high;
};

// anchor: gap
/// Newcombe's interval for a - b from Wilson's of both (Newcombe 1998, method 10): independent
/// errors add up as squares.
inline Gap gap_of(const microworld::Metric& a, const microworld::Metric& b) {
  const double d = a.value - b.value;
  return {d, d - std::hypot(a.value - a.low, b.high - b.value),
          d + std::hypot(a.high - a.value, b.value - b.low)};
}

/// A place where a fact is to be told: what stands before it, and the word that is right.
struct Fact {
  microworld::Ids before;
  microworld::Id right;
};

// anchor: bits
/// log2(16 r), r: the probability of the right word among the 16 values of its relation. 4 bits are
/// the whole fact, 0 a guess; less than 0 is to be sure of something wrong.
inline double bits(const std::vector<double>& p, microworld::Id right) {
  double rivals = 0;
  for (std::size_t v = 0; v < p.size(); ++v) {
    const auto relation = microworld::relation_of_value(microworld::Id(v));
    if (relation == microworld::relation_of_value(right)) rivals += p[v];
  }
  return std::log2(microworld::kValues * p[std::size_t(right)] / rivals);
}

/// Means over facts: whether the most likely word is right, the bits, and the probability of the
/// most likely word, right or not.
struct Told {
  double right = 0, bits = 0, sure = 0;
};

inline Told told(const Gpt& gpt, const std::vector<Fact>& facts) {
  Told sum;
  for (const Fact& fact : facts) {
    const std::vector<double> p = first_token_distribution(gpt, fact.before, {});
    const auto best = std::max_element(p.begin(), p.end());
    sum.right += best - p.begin() == fact.right;
    sum.bits += bits(p, fact.right);
    sum.sure += *best;
  }
  const double n = double(facts.size());
  return {sum.right / n, sum.bits / n, sum.sure / n};
}

/// The same for the tape: rows of logits, of which `first` .. `first` + 15 are the rivals.
inline Variable bits_of_rows(const Variable& logits, const Tensor& rivals, const Tensor& right) {
  // Logits of words that are no rivals are taken out of the softmax.
  const Variable outside = constant(Tensor::full(logits.shape(), -1e9, logits.dtype()));
  const Variable log_r = gather_logprob(where(rivals, logits, outside), right);
  const Variable chance =
      constant(Tensor::full(log_r.shape(), std::log(microworld::kValues), logits.dtype()));
  return scale(add(log_r, chance), 1 / std::log(2.0));
}

}  // namespace pupil
