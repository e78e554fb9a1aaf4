#include "kernels/strided_copy.h"

#include "kernels/isa.h"
#include "kernels/parallel.h"

namespace pupil::cpu {

KERNEL(strided_copy,
       (T * out, const T* inp, int rank, const std::int64_t* lengths, const std::int64_t* strides),
       (out, inp, rank, lengths, strides)) {
  if (rank == 0) {
    out[0] = inp[0];
    return;
  }
  // A row is the last axis; the row number is taken apart into the other indices.
  const std::int64_t width = lengths[rank - 1], step = strides[rank - 1];
  std::int64_t rows = 1;
  for (int axis = 0; axis + 1 < rank; ++axis) rows *= lengths[axis];
  const std::int64_t tile = 1 + (1 << 14) / (width + 1);
  parallel_for((rows + tile - 1) / tile, [=](std::int64_t t) {
    const std::int64_t end = (t + 1) * tile < rows ? (t + 1) * tile : rows;
    for (std::int64_t row = t * tile; row < end; ++row) {
      const T* from = inp;
      std::int64_t rest = row;
      for (int axis = rank - 2; axis >= 0; --axis) {
        from += rest % lengths[axis] * strides[axis];
        rest /= lengths[axis];
      }
      T* const to = out + row * width;
      if (step == 1) {
        for (std::int64_t j = 0; j < width; ++j) to[j] = from[j];
      } else {
        for (std::int64_t j = 0; j < width; ++j) to[j] = from[j * step];
      }
    }
  });
}
INSTANTIATE(strided_copy)

KERNEL(copy_matrix, (View<T> out, View<const T> inp, bool add), (out, inp, add)) {
  const std::int64_t tile = 1 + (1 << 14) / (out.width + 1);
  parallel_for((out.rows + tile - 1) / tile, [=](std::int64_t t) {
    const std::int64_t end = (t + 1) * tile < out.rows ? (t + 1) * tile : out.rows;
    for (std::int64_t i = t * tile; i < end; ++i) {
      T* const to = out.row(i);
      const T* const from = inp.row(i);
      if (add) {
        for (std::int64_t j = 0; j < out.width; ++j) to[j] += from[j];
      } else {
        for (std::int64_t j = 0; j < out.width; ++j) to[j] = from[j];
      }
    }
  });
}
INSTANTIATE(copy_matrix)

}  // namespace pupil::cpu
