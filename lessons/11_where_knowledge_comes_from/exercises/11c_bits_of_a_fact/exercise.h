// 11c: how much of a fact is in the model? Words come in kinds: kind[v] says which, colours, cities
// and so on, -1 for words that are no value. Row i of the logits stands where fact i is to be told;
// answer[i] is right, and its rivals are the words of the same kind.
//
//   C_i = {v: kind_v = kind of answer_i},  K = |C_i|
//   r_v = exp(z_v) / sum_{u in C_i} exp(z_u)                  for v in C_i
//   b_i = log2(K r_y),  y = answer_i                          in bits
//
// 0: no better than guessing among K. log2 K: certain and right; that is what one of K equally
// likely values carries. Negative: sure of something wrong. Words outside of C_i play no part:
// shape is one thing, knowledge another.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace exercise {

/// bits[i] of every row. kind: V numbers; answers have a kind other than -1. Logits may be 10^3.
void fact_bits(double* bits, pupil::View<const double> logits, const std::int32_t* kind,
               const std::int32_t* answer);

/// dlogits[i, :] = dbits[i] * db_i / dz_i; words outside of C_i get exactly 0.
void fact_bits_backward(pupil::View<double> dlogits, const double* dbits,
                        pupil::View<const double> logits, const std::int32_t* kind,
                        const std::int32_t* answer);

}  // namespace exercise
