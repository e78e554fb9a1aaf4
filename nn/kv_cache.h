// KvCache: keys and values of the positions a model has already seen, one buffer a layer, each with
// room for `capacity` positions. Rows of a batch may have different lengths.
#pragma once
#include <cstdint>
#include <vector>

#include "tensor/tensor.h"

namespace pupil {

struct KvCache {
  struct Layer {
    Tensor keys;    ///< (B, capacity, kv heads * head_dim)
    Tensor values;  ///< the same
  };
  std::vector<Layer> layers;
  std::vector<std::int32_t> lengths;  ///< positions filled, a number for each row
  std::int64_t capacity = 0;

  KvCache(std::int64_t n_layer, std::int64_t batch, std::int64_t capacity, std::int64_t width,
          DType dtype);
  std::int64_t batch() const { return std::int64_t(lengths.size()); }
  /// Copies new keys and values (B, T, width) behind what is there, without counting them yet: all
  /// layers of a pass write at the same lengths.
  void append(std::size_t layer, const Tensor& keys, const Tensor& values);
  /// Row b becomes the one row of `other`, whose capacity may be smaller.
  void put_row(std::int64_t b, const KvCache& other);
  /// Only the rows named stay, in this order (rising).
  void keep_rows(const std::vector<std::int64_t>& rows);
  /// Counts `count` new positions in every row: once, after the last layer.
  void advance(std::int64_t count);
};

}  // namespace pupil
