// Rows by number, without gradients (kernels/embedding.h).
#pragma once
#include "tensor/tensor.h"

namespace pupil::tensor {

/// out: ids.shape + the axes of table behind the first. table: (N, ...), ids: i32, each in [0, N).
/// Throws DTypeError, ShapeError, or IndexError naming `op`, the position and the id.
Tensor gather_rows(const char* op, const Tensor& table, const Tensor& ids);
/// dtable[ids[i]] += scale * dout[i], in the order of i; other rows are not touched.
void scatter_rows_add(const Tensor& dtable, const Tensor& dout, const Tensor& ids,
                      double scale = 1);

}  // namespace pupil::tensor
