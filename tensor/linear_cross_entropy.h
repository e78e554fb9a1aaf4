// The output head and its loss in one: cross-entropy of x weight^T, without ever holding the logits
// of all rows.
//
//   logits = x weight^T            x: (..., C), weight: (V, C)
//
// Only supervised rows (target not kIgnoreIndex, weight not 0) go through the head. They are taken
// in chunks of rows: logits of a chunk, its loss, d logits written over the logits, and from it the
// chunk's d x and its part of d weight, while everything is in the cache. So the gradients, for an
// upstream of 1, exist when the forward pass ends, and backward only has to multiply: no product is
// computed twice (compare Hsu et al. 2024, Liger-Kernel, "FusedLinearCrossEntropy").
//
// Each chunk reads and writes all of d weight: 2 V C numbers against its 6 rows V C FLOPs. Rows may
// therefore not be few; and a chunk's logits should stay in the cache: rows V numbers.
#pragma once
#include <algorithm>
#include <cstdint>

#include "tensor/cross_entropy.h"
#include "tensor/tensor.h"

namespace pupil::tensor {

/// Rows of a chunk, from the size of the vocabulary alone.
constexpr std::int64_t head_chunk_rows(std::int64_t vocabulary) {
  constexpr std::int64_t kLogits = 1 << 19;
  return std::clamp<std::int64_t>(kLogits / std::max<std::int64_t>(vocabulary, 1), 128, 1024);
}

struct LinearCrossEntropy {
  Tensor loss;     ///< (), the sum over supervised rows
  Tensor rows;     ///< i32 (M), the supervised rows
  Tensor dx;       ///< (M, C): d loss / d x of those rows; undefined when not wanted
  Tensor dweight;  ///< (V, C): d loss / d weight; undefined when not wanted, or when M is 0
};
LinearCrossEntropy linear_cross_entropy(const char* op, const Tensor& x, const Tensor& weight,
                                        const Targets& targets, bool want_dx, bool want_dweight);

/// out = or += (add) factor * inp.
void scaled_into(const Tensor& out, bool add, double factor, const Tensor& inp);

}  // namespace pupil::tensor
