#include "nn/kv_cache.h"

#include <fmt/format.h>

#include "tensor/error.h"

namespace pupil {

KvCache::KvCache(std::int64_t n_layer, std::int64_t batch, std::int64_t capacity, std::int64_t width,
                 DType dtype)
    : lengths(batch, 0), capacity(capacity) {
  for (std::int64_t i = 0; i < n_layer; ++i) {
    layers.push_back({Tensor::zeros({batch, capacity, width}, dtype),
                      Tensor::zeros({batch, capacity, width}, dtype)});
  }
}

void KvCache::append(std::size_t layer, const Tensor& keys, const Tensor& values) {
  const std::int64_t count = keys.shape()[1];
  for (std::int64_t b = 0; b < batch(); ++b) {
    const std::int64_t begin = lengths[b];
    if (begin + count > capacity) {
      throw IndexError(fmt::format("[kv_cache] {} positions, room for {}", begin + count, capacity));
    }
    const auto put = [&](const Tensor& buffer, const Tensor& fresh) {
      const Tensor row = buffer.rows(b, b + 1).reshape({capacity, buffer.shape()[2]});
      row.rows(begin, begin + count).copy_(fresh.rows(b, b + 1).reshape({count, buffer.shape()[2]}));
    };
    put(layers[layer].keys, keys);
    put(layers[layer].values, values);
  }
}

void KvCache::advance(std::int64_t count) {
  for (std::int32_t& length : lengths) length += std::int32_t(count);
}

}  // namespace pupil
