#include "kernels/embedding.h"

#include "kernels/isa.h"
#include "kernels/parallel.h"

namespace pupil::cpu {

KERNEL(embedding_forward, (View<T> out, View<const T> weight, const std::int32_t* ids),
       (out, weight, ids)) {
  const std::int64_t tile = 1 + (1 << 14) / (out.width + 1);
  parallel_for((out.rows + tile - 1) / tile, [=](std::int64_t t) {
    const std::int64_t end = (t + 1) * tile < out.rows ? (t + 1) * tile : out.rows;
    for (std::int64_t i = t * tile; i < end; ++i) {
      const T* const from = weight.row(ids[i]);
      T* const to = out.row(i);
      for (std::int64_t j = 0; j < out.width; ++j) to[j] = from[j];
    }
  });
}
INSTANTIATE(embedding_forward)

KERNEL(embedding_backward, (View<T> dweight, View<const T> dout, const std::int32_t* ids, T scale),
       (dweight, dout, ids, scale)) {
  constexpr std::int64_t kColumns = 128 / sizeof(T);  // two cache lines
  parallel_for((dout.width + kColumns - 1) / kColumns, [=](std::int64_t t) {
    const std::int64_t begin = t * kColumns;
    const std::int64_t width = dout.width - begin < kColumns ? dout.width - begin : kColumns;
    for (std::int64_t i = 0; i < dout.rows; ++i) {
      T* const to = dweight.row(ids[i]) + begin;
      const T* const from = dout.row(i) + begin;
      for (std::int64_t j = 0; j < width; ++j) to[j] += scale * from[j];
    }
  });
}
INSTANTIATE(embedding_backward)

}  // namespace pupil::cpu
