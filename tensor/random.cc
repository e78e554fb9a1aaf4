#include "tensor/random.h"

#include <algorithm>

#include "kernels/parallel.h"
#include "kernels/random.h"

namespace pupil::tensor {
namespace {

// pair(k) gives elements 2k and 2k + 1.
template <class MakePair>
Tensor filled(const char* op, const Shape& shape, DType dtype, MakePair pair) {
  constexpr std::int64_t kTile = 1 << 12;  // pairs
  Tensor out = Tensor::empty(shape, dtype);
  const std::int64_t n = out.numel(), pairs = (n + 1) / 2;
  dispatch_float(op, dtype, [&]<class T>() {
    T* const to = out.data<T>();
    parallel_for((pairs + kTile - 1) / kTile, [=](std::int64_t tile) {
      for (std::int64_t k = tile * kTile; k < std::min(pairs, (tile + 1) * kTile); ++k) {
        const Pair<double> values = pair(k);
        to[2 * k] = T(values.first);
        if (2 * k + 1 < n) to[2 * k + 1] = T(values.second);
      }
    });
  });
  return out;
}

Pair<double> uniform_pair(std::uint64_t index, std::uint64_t stream, std::uint64_t seed) {
  const PhiloxWords w = philox(index, stream, seed);
  return {pupil::uniform(w.word[0], w.word[1]), pupil::uniform(w.word[2], w.word[3])};
}

}  // namespace

Tensor normal(const Shape& shape, double mean, double deviation, std::uint64_t seed,
              std::uint64_t stream, DType dtype) {
  return filled("normal", shape, dtype, [=](std::int64_t k) {
    const auto [u, v] = uniform_pair(std::uint64_t(k), stream, seed);
    const auto [a, b] = box_muller(u, v);
    return Pair<double>{mean + deviation * a, mean + deviation * b};
  });
}

Tensor uniform(const Shape& shape, double low, double high, std::uint64_t seed,
               std::uint64_t stream, DType dtype) {
  return filled("uniform", shape, dtype, [=](std::int64_t k) {
    const auto [u, v] = uniform_pair(std::uint64_t(k), stream, seed);
    return Pair<double>{low + (high - low) * u, low + (high - low) * v};
  });
}

}  // namespace pupil::tensor
