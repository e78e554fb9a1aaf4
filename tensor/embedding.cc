#include "tensor/embedding.h"

#include <fmt/format.h>

#include <vector>

#include "kernels/embedding.h"
#include "tensor/error.h"

namespace pupil::tensor {
namespace {

// A table as rows, whatever axes a row has.
template <class T>
View<T> rows_of(const Tensor& table) {
  const std::int64_t rows = table.shape()[0];
  return dense(table.data<T>(), rows, rows ? table.numel() / rows : 0);
}

template <class T>
View<T> rows_like(const Tensor& gathered, const Tensor& ids) {
  const std::int64_t rows = ids.numel();
  return dense(gathered.data<T>(), rows, rows ? gathered.numel() / rows : 0);
}

void check(const char* op, const Tensor& table, const Tensor& ids) {
  if (table.shape().rank() < 1) {
    throw ShapeError(fmt::format("[{}] needs rows to choose from, got {}", op, table.str()));
  }
  if (ids.dtype() != DType::kInt32) {
    throw DTypeError(fmt::format("[{}] ids must be i32, got {}", op, ids.str()));
  }
  const std::int64_t count = table.shape()[0];
  const auto values = ids.span<std::int32_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] >= 0 && values[i] < count) continue;
    throw IndexError(
        fmt::format("[{}] id {} at position {} of {} is outside [0, {}), the rows of {}", op,
                    values[i], i, ids.shape().str(), count, table.str()));
  }
}

}  // namespace

Tensor gather_rows(const char* op, const Tensor& table, const Tensor& ids) {
  check(op, table, ids);
  std::vector<std::int64_t> axes(ids.shape().begin(), ids.shape().end());
  axes.insert(axes.end(), table.shape().begin() + 1, table.shape().end());
  Tensor out = Tensor::empty(Shape(std::span<const std::int64_t>(axes)), table.dtype());
  dispatch_float(op, table.dtype(), [&]<class T>() {
    cpu::embedding_forward<T>(rows_like<T>(out, ids), rows_of<T>(table), ids.data<std::int32_t>());
  });
  return out;
}

void scatter_rows_add(const Tensor& dtable, const Tensor& dout, const Tensor& ids, double scale) {
  dispatch_float("scatter_rows_add", dtable.dtype(), [&]<class T>() {
    cpu::embedding_backward<T>(rows_of<T>(dtable), rows_like<T>(dout, ids),
                               ids.data<std::int32_t>(), T(scale));
  });
}

}  // namespace pupil::tensor
