#include "tensor/linear_cross_entropy.h"

#include <fmt/format.h>

#include <vector>

#include "kernels/cross_entropy.h"
#include "kernels/matmul.h"
#include "tensor/embedding.h"
#include "tensor/error.h"

namespace pupil::tensor {
namespace {

template <class T>
struct Supervised {
  std::vector<std::int32_t> rows, targets;
  std::vector<T> weights;
};

template <class T>
Supervised<T> supervised(const Targets& all) {
  const auto ids = all.ids.span<std::int32_t>();
  const T* const weights = all.weights.defined() ? all.weights.data<T>() : nullptr;
  Supervised<T> only;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || (weights && weights[i] == 0)) continue;
    only.rows.push_back(std::int32_t(i));
    only.targets.push_back(ids[i]);
    only.weights.push_back(weights ? weights[i] : T(1));
  }
  return only;
}

// x: the supervised rows.
template <class T>
void run_chunks(LinearCrossEntropy& result, const Tensor& x, const Tensor& weight,
                const Supervised<T>& only, double label_smoothing) {
  const std::int64_t count = x.shape()[0], vocabulary = weight.shape()[0];
  const std::int64_t chunk = std::min(count, head_chunk_rows(vocabulary));
  const Tensor losses = Tensor::empty({count}, x.dtype());
  const Tensor buffer = Tensor::empty({chunk, vocabulary}, x.dtype());
  for (std::int64_t begin = 0; begin < count; begin += chunk) {
    const std::int64_t end = std::min(count, begin + chunk);
    const View<const T> inp = x.rows(begin, end).view<T>(), head = weight.view<T>();
    const View<T> logits = buffer.rows(0, end - begin).view<T>();
    const cpu::CrossEntropyRows<T> rows{&only.targets[begin], &only.weights[begin],
                                        T(label_smoothing)};
    T* const loss = losses.data<T>() + begin;
    cpu::matmul<T>(logits, inp, false, head, true);
    if (!result.dx.defined() && !result.dweight.defined()) {
      const Tensor max = Tensor::empty({chunk}, x.dtype()), sum = Tensor::empty({chunk}, x.dtype());
      cpu::cross_entropy_forward<T>(loss, max.data<T>(), sum.data<T>(), logits, rows);
      continue;
    }
    cpu::cross_entropy_in_place<T>(loss, logits, rows);
    if (result.dx.defined()) {
      cpu::matmul<T>(result.dx.rows(begin, end).view<T>(), logits, false, head, false);
    }
    if (result.dweight.defined()) {
      cpu::matmul<T>(result.dweight.view<T>(), logits, true, inp, false, T(1), T(begin ? 1 : 0));
    }
  }
  result.loss = total(losses);
}

}  // namespace

LinearCrossEntropy linear_cross_entropy(const char* op, const Tensor& x, const Tensor& weight,
                                        const Targets& targets, bool want_dx, bool want_dweight) {
  if (x.shape().rank() < 1 || weight.shape().rank() != 2 ||
      x.shape().back() != weight.shape().back()) {
    throw ShapeError(fmt::format("[{}] x is {}, weight is {}; expected (..., C) and (V, C)", op,
                                 x.str(), weight.str()));
  }
  if (x.dtype() != weight.dtype()) {
    throw DTypeError(
        fmt::format("[{}] element types differ: x is {}, weight is {}", op, x.str(), weight.str()));
  }
  const Shape all(std::span(x.shape().begin(), x.shape().end() - 1));
  check_targets(op, targets, all, x.dtype(), weight.shape()[0]);
  LinearCrossEntropy result;
  dispatch_float(op, x.dtype(), [&]<class T>() {
    const Supervised<T> only = supervised<T>(targets);
    const std::int64_t count = std::int64_t(only.rows.size()), width = x.shape().back();
    result.rows = Tensor::from<std::int32_t>({count}, only.rows);
    if (want_dx) result.dx = Tensor::empty({count, width}, x.dtype());
    if (count == 0) {
      result.loss = Tensor::scalar(0, x.dtype());
      return;
    }
    if (want_dweight) result.dweight = Tensor::empty(weight.shape(), x.dtype());
    const Tensor rows = x.reshape({all.numel(), width});
    run_chunks<T>(result, count == all.numel() ? rows : gather_rows(op, rows, result.rows), weight,
                  only, targets.label_smoothing);
  });
  return result;
}

void scaled_into(const Tensor& out, bool add, double factor, const Tensor& inp) {
  dispatch_float("scaled_into", out.dtype(), [&]<class T>() {
    cpu::scaled_copy<T>(out.data<T>(), add, T(factor), inp.data<T>(), inp.numel());
  });
}

}  // namespace pupil::tensor
