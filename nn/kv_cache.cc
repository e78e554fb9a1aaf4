#include "nn/kv_cache.h"

#include <fmt/format.h>

#include "tensor/error.h"

namespace pupil {

KvCache::KvCache(std::int64_t n_layer, std::int64_t batch, std::int64_t capacity,
                 std::int64_t width, DType dtype)
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
      throw IndexError(
          fmt::format("[kv_cache] {} positions, room for {}", begin + count, capacity));
    }
    const auto put = [&](const Tensor& buffer, const Tensor& fresh) {
      const Tensor row = buffer.rows(b, b + 1).reshape({capacity, buffer.shape()[2]});
      row.rows(begin, begin + count)
          .copy_(fresh.rows(b, b + 1).reshape({count, buffer.shape()[2]}));
    };
    put(layers[layer].keys, keys);
    put(layers[layer].values, values);
  }
}

void KvCache::put_row(std::int64_t b, const KvCache& other) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (const auto part : {&Layer::keys, &Layer::values}) {
      const std::int64_t width = (layers[i].*part).shape()[2], count = other.lengths[0];
      const Tensor to = (layers[i].*part).rows(b, b + 1).reshape({capacity, width});
      const Tensor from = (other.layers[i].*part).reshape({other.capacity, width});
      to.rows(0, count).copy_(from.rows(0, count));
    }
  }
  lengths[b] = other.lengths[0];
}

void KvCache::keep_rows(const std::vector<std::int64_t>& rows) {
  std::vector<std::int32_t> kept;
  for (Layer& layer : layers) {
    for (Tensor* part : {&layer.keys, &layer.values}) {
      for (std::size_t to = 0; to < rows.size(); ++to) {
        if (std::int64_t(to) == rows[to]) continue;
        part->rows(std::int64_t(to), std::int64_t(to) + 1)
            .copy_(part->rows(rows[to], rows[to] + 1));
      }
      *part = part->rows(0, std::int64_t(rows.size()));
    }
  }
  for (const std::int64_t row : rows) kept.push_back(lengths[row]);
  lengths = kept;
}

void KvCache::advance(std::int64_t count) {
  for (std::int32_t& length : lengths) length += std::int32_t(count);
}

}  // namespace pupil
