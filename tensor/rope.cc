#include "tensor/rope.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tensor/error.h"

namespace pupil::tensor {
namespace {

void check(const Tensor& x, const Tensor& positions, double theta) {
  const Shape& shape = x.shape();
  if (shape.rank() != 4 || shape.back() % 2 != 0) {
    throw ShapeError(fmt::format(
        "[rope] x is {}; it must be (B, T, heads, head dim) with an even head dim", x.str()));
  }
  if (positions.dtype() != DType::kInt32 || positions.shape() != Shape{shape[0], shape[1]}) {
    throw ShapeError(fmt::format("[rope] positions are {}, x is {}; positions must be ({}, {}) i32",
                                 positions.str(), x.str(), shape[0], shape[1]));
  }
  if (!(theta > 0)) throw Error(fmt::format("[rope] theta is {}; it must be positive", theta));
}

// Sines and cosines: one table row a position in [smallest, largest]; when positions are scattered
// so far apart that this would be large, one a row of x.
template <class T>
void turn(const Tensor& out, bool add, const Tensor& inp, const Tensor& positions, double theta,
          cpu::RopePairs pairs, bool inverse) {
  const std::int64_t n = positions.numel(), heads = inp.shape()[2], head_dim = inp.shape()[3];
  if (inp.numel() == 0) return;
  const auto values = positions.span<std::int32_t>();
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const std::int64_t first = *low, range = std::int64_t(*high) - first + 1;
  const bool dense_range = range <= 4 * n + 1024;
  const Tensor table = Tensor::empty({dense_range ? range : n, head_dim}, inp.dtype());
  std::vector<std::int64_t> table_rows(n);
  if (dense_range) cpu::rope_table<T>(table.data<T>(), first, range, head_dim, theta);
  for (std::int64_t r = 0; r < n; ++r) {
    table_rows[r] = dense_range ? values[r] - first : r;
    if (!dense_range) {
      cpu::rope_table<T>(table.data<T>() + r * head_dim, values[r], 1, head_dim, theta);
    }
  }
  cpu::rope<T>(dense(out.data<T>(), n, heads * head_dim), add,
               dense<const T>(inp.data<T>(), n, heads * head_dim), head_dim, table.data<T>(),
               table_rows.data(), pairs, inverse);
}

}  // namespace

Tensor rope(const Tensor& x, const Tensor& positions, double theta, cpu::RopePairs pairs) {
  check(x, positions, theta);
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  dispatch_float("rope", x.dtype(),
                 [&]<class T>() { turn<T>(out, false, x, positions, theta, pairs, false); });
  return out;
}

void rope_backward(const Tensor& dx, bool add, const Tensor& dout, const Tensor& positions,
                   double theta, cpu::RopePairs pairs) {
  check(dout, positions, theta);
  dispatch_float("rope", dout.dtype(),
                 [&]<class T>() { turn<T>(dx, add, dout, positions, theta, pairs, true); });
}

}  // namespace pupil::tensor
