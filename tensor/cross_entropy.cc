#include "tensor/cross_entropy.h"

#include <fmt/format.h>

#include "kernels/cross_entropy.h"
#include "tensor/error.h"

namespace pupil::tensor {
namespace {

template <class T>
cpu::CrossEntropyRows<T> rows_of(const Targets& t) {
  return {t.ids.data<std::int32_t>(), t.weights.defined() ? t.weights.data<T>() : nullptr,
          T(t.label_smoothing)};
}

}  // namespace

void check_targets(const char* op, const Targets& targets, const Shape& rows, DType dtype,
                   std::int64_t vocabulary) {
  const auto& [ids, weights, smoothing] = targets;
  if (!ids.defined() || ids.dtype() != DType::kInt32) {
    throw DTypeError(fmt::format("[{}] targets must be i32, got {}", op, ids.str()));
  }
  if (ids.shape() != rows) {
    throw ShapeError(fmt::format("[{}] targets are {}, the rows are {}; each row needs one target",
                                 op, ids.str(), rows.str()));
  }
  if (weights.defined() && (weights.shape() != rows || weights.dtype() != dtype)) {
    throw ShapeError(fmt::format("[{}] weights are {}, the rows are {} {}; they must be alike", op,
                                 weights.str(), rows.str(), name_of(dtype)));
  }
  if (!(smoothing >= 0 && smoothing < 1)) {
    throw UsageError(fmt::format("[{}] label smoothing is {}; expected 0 <= e < 1", op, smoothing));
  }
  const auto values = ids.span<std::int32_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int32_t id = values[i];
    if ((id >= 0 && id < vocabulary) || id == cpu::kIgnoredTarget) continue;
    throw IndexError(
        fmt::format("[{}] the target of row {} is {}; expected 0 to {}, or {} to ignore "
                    "the row",
                    op, i, id, vocabulary - 1, cpu::kIgnoredTarget));
  }
}

CrossEntropy cross_entropy(const char* op, const Tensor& logits, const Targets& targets) {
  if (logits.shape().rank() < 1) {
    throw ShapeError(fmt::format("[{}] logits are {}; their last axis must be the vocabulary", op,
                                 logits.str()));
  }
  const Shape rows(std::span(logits.shape().begin(), logits.shape().end() - 1));
  check_targets(op, targets, rows, logits.dtype(), logits.shape().back());
  CrossEntropy result{Tensor::empty(rows, logits.dtype()), Tensor::empty(rows, logits.dtype()),
                      Tensor::empty(rows, logits.dtype())};
  dispatch_float(op, logits.dtype(), [&]<class T>() {
    cpu::cross_entropy_forward<T>(result.losses.data<T>(), result.max.data<T>(),
                                  result.sum.data<T>(), logits.view<T>(), rows_of<T>(targets));
  });
  return result;
}

void cross_entropy_backward(const Tensor& dlogits, bool add, const Tensor& logits,
                            const Tensor& max, const Tensor& sum, const Targets& targets,
                            double scale) {
  dispatch_float("cross_entropy", logits.dtype(), [&]<class T>() {
    cpu::cross_entropy_backward<T>(dlogits.view<T>(), logits.view<T>(), max.data<T>(),
                                   sum.data<T>(), rows_of<T>(targets), T(scale), add);
  });
}

Tensor total(const Tensor& losses) {
  double sum = 0;
  dispatch_float("cross_entropy", losses.dtype(), [&]<class T>() {
    for (const T loss : losses.span<T>()) sum += double(loss);
  });
  return Tensor::scalar(sum, losses.dtype());
}

}  // namespace pupil::tensor
