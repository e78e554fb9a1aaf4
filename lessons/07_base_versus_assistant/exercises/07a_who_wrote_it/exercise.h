// 07a: which of two models wrote a text? Model a and model b have read n texts and said at every
// place what they expect. The texts stand one behind the other without padding: text i has the rows
// begin[i] .. begin[i + 1] - 1, and row t holds the logits with which token ids[t] was predicted.
//
//   s_i = prior + sum over the first k tokens of text i of (log p_a(x_t) - log p_b(x_t))
//   L   = 1/n sum_i -log sigma(w_i s_i),     w_i = +1 where a wrote text i, -1 where b did
//
// s_i: log-odds that a wrote text i, in nats; p_a, p_b: softmax of a row; sigma(s) = 1/(1 + e^-s);
// prior: the log-odds before anything is read. A text shorter than k counts with all it has.
// (Neyman and Pearson 1933: no other test of a against b is better than one on this sum.)
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace exercise {

/// n texts in rows one behind the other; ids: one a row, begin: n + 1.
struct Texts {
  std::int64_t n;
  const std::int32_t *ids, *begin;
};

/// s[i] for every text. a, b: rows x V.
void log_odds(double* s, pupil::View<const double> a, pupil::View<const double> b,
              const Texts& texts, std::int64_t k, double prior);

/// L; author[i] is 1 where a wrote text i, 0 where b did. |s| may be 10^4: L stays finite.
double author_loss(pupil::View<const double> a, pupil::View<const double> b, const Texts& texts,
                   const std::int32_t* author, std::int64_t k, double prior);

/// da = dloss * dL / da, db alike; every row is written, and rows that do not count are exactly 0.
void author_loss_backward(pupil::View<double> da, pupil::View<double> db,
                          pupil::View<const double> a, pupil::View<const double> b,
                          const Texts& texts, const std::int32_t* author, std::int64_t k,
                          double prior, double dloss);

}  // namespace exercise
