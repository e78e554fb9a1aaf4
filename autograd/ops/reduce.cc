// Reductions. The gradient of a reduced element goes to all elements it came from (see
// kernels/reduce.h):
//
//   sum         dx_k = dy                     mean        dx_k = dy / n
//   max         dx_k = dy if k is the first largest, else 0
//   variance    dx_k = dy 2 (x_k - mean) / n  (the mean's own gradient cancels: sum(x - mean) = 0)
#include "tensor/reduce.h"

#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/reference.h"
#include "autograd/sample.h"

namespace pupil {
namespace {

// sum and mean differ in the factor alone.
Variable record_sum(const char* name, const Variable& x, Tensor y, cpu::Axis axis, double factor) {
  return record(name, {x}, /*saved=*/{}, std::move(y),
                [axis, factor](const Node&, const Tensor& dy, Gradients& d) {
                  const bool add = d[0].add();
                  tensor::spread(d[0].write(), add, dy, axis, factor);
                });
}

}  // namespace

Variable sum(const Variable& x, int axis) {
  const cpu::Axis sizes = tensor::axis_of("sum", x.shape(), axis);
  return record_sum("sum", x, tensor::sum(x.value(), axis), sizes, 1);
}

Variable sum(const Variable& x) {
  return record_sum("sum", x, tensor::sum(x.value()), {1, x.value().numel(), 1}, 1);
}

Variable mean(const Variable& x, int axis) {
  const cpu::Axis sizes = tensor::axis_of("mean", x.shape(), axis);
  return record_sum("mean", x, tensor::mean(x.value(), axis), sizes, 1 / double(sizes.n));
}

Variable mean(const Variable& x) {
  const std::int64_t n = x.value().numel();
  return record_sum("mean", x, tensor::mean(x.value()), {1, n, 1}, 1 / double(n));
}

Variable max(const Variable& x, int axis) {
  const cpu::Axis sizes = tensor::axis_of("max", x.shape(), axis);
  auto [y, index] = tensor::max(x.value(), axis);
  return record("max", {x}, /*saved=*/{index}, std::move(y),
                [sizes](const Node& n, const Tensor& dy, Gradients& d) {
                  const bool add = d[0].add();
                  tensor::max_backward(d[0].write(), add, dy, n.saved(0), sizes);
                });
}

Variable variance(const Variable& x, int axis) {
  const cpu::Axis sizes = tensor::axis_of("variance", x.shape(), axis);
  auto [y, mean] = tensor::variance(x.value(), axis);
  return record("variance", {x}, /*saved=*/{x.value(), mean}, std::move(y),
                [sizes](const Node& n, const Tensor& dy, Gradients& d) {
                  const auto [x, mean] = n.saved<2>();
                  const bool add = d[0].add();
                  tensor::variance_backward(d[0].write(), add, dy, x, mean, sizes);
                });
}

namespace {

using AxisOperation = Variable (*)(const Variable&, int);

// Every place an axis can have, lengths around the vector's and the block's, and += .
Samples samples_of_axes(AxisOperation f, Tensor (*random)(const Shape&),
                        AxisOperation twin = nullptr) {
  Samples list;
  const auto add = [&](Tensor x, int axis) -> OpSample& {
    OpSample& sample =
        list.add({std::move(x)}, [f, axis](const Inputs& in) { return f(in[0], axis); });
    if (!twin) return sample;
    return sample.same_as([twin, axis](const Inputs& in) { return twin(in[0], axis); });
  };
  add(random({3, 4, 5}), 0);
  add(random({3, 4, 5}), 1);
  add(random({3, 4, 5}), -1);
  add(random({35}), 0).note("one axis: a scalar is left");
  add(random({2, 1, 3}), 1).note("an axis of length 1");
  add(random({3, 131}), 1).note("128 numbers and three").border(128);
  add(random({131, 2}), 0).note("128 rows and three").border(128);
  add(random({2, 131}), 0).note("128 columns and three").border(128);
  list.add({random({3, 4})}, [f](const Inputs& in) { return pupil::add(f(in[0], 1), f(in[0], 1)); })
      .note("used twice: the second gradient is added to the first");
  return list;
}

Samples samples_of_sums(AxisOperation over_axis, Variable (*of_all)(const Variable&)) {
  Samples list = samples_of_axes(over_axis, randn);
  const auto add = [&](Tensor x) -> OpSample& {
    return list.add({std::move(x)}, [of_all](const Inputs& in) { return of_all(in[0]); });
  };
  add(randn({cpu::kSumChunk + 3})).note("a chunk and three").border(cpu::kSumChunk);
  add(randn({})).note("a scalar");
  add(randn({2, 5})).note("small");
  return list;
}

}  // namespace

SAMPLES(sum) { return samples_of_sums(sum, sum); }
SAMPLES(mean) { return samples_of_sums(mean, mean); }
SAMPLES(max) { return samples_of_axes(max, rand_distinct); }
SAMPLES(variance) { return samples_of_axes(variance, randn, reference::variance); }

}  // namespace pupil
