// 04c: cross-entropy over candidates, from logits that come in slices and are seen once (Milakov
// and Gimelshein 2018, "Online normalizer calculation for softmax").
//
//   Z          = log sum_{v in C} exp(z_v)             C: candidates of a row, the target y in it
//   loss       = Z - z_y
//   dloss/dz_v = exp(z_v - Z) - [v = y]  for v in C;   exactly 0 for every other v
//
// A slice is a run of neighbouring columns. Whatever is no candidate may hold anything: 1e4, inf,
// nan. Of a row two numbers are kept, from which Z = largest + log(total) follows at the end.
#pragma once
#include <cstdint>
#include <limits>

namespace exercise {

/// What is known of the candidates seen so far; {-inf, 0} when there was none.
struct Seen {
  double largest = -std::numeric_limits<double>::infinity();  ///< their largest logit
  double total = 0;                                           ///< sum of exp(z_v - largest)
};

/// What is known after one more slice: n logits z, of which those with candidate[v] = 1 count. The
/// slice may have no candidate.
Seen see(Seen before, const double* z, const std::int32_t* candidate, std::int64_t n);

/// What is known of two parts of a row that were seen apart; each may have had no candidate.
Seen join(Seen a, Seen b);

/// dz[v] = dloss * dloss/dz_v for a slice whose first column is column `begin` of the row; every dz
/// of the slice is written. `all`: the whole row, seen; `target`: a column of the row.
void slice_backward(double* dz, const double* z, const std::int32_t* candidate, std::int64_t n,
                    std::int64_t begin, Seen all, std::int32_t target, double dloss);

}  // namespace exercise
