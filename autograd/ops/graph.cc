// Operations on the graph itself: cut it, or run a part of it twice.
#include <fmt/format.h>

#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/sample.h"
#include "tensor/error.h"

namespace pupil {

Variable detach(const Variable& x) { return constant(x.value()); }

// Forward runs the block without a tape; backward runs it again with one, from parameters made of
// the saved inputs, and walks that tape. Parameters used inside the block receive their gradients
// in that inner walk. Dropout inside draws from (seed, stream) numbers, so both runs agree.
Variable recompute(std::function<Variable(const std::vector<Variable>&)> block,
                   const std::vector<Variable>& inputs) {
  if (NoGrad::active()) return block(inputs);
  Tensor y;
  {
    const NoGrad no_grad;
    y = block(inputs).value();
  }
  std::vector<Tensor> saved;
  for (const Variable& v : inputs) saved.push_back(v.value());
  // The inputs alone may need no gradient while parameters inside do: a dummy input that needs one
  // keeps the node on the tape.
  std::vector<Variable> edges = inputs;
  edges.push_back(parameter(Tensor::zeros({}, y.dtype()), "recompute"));
  return record(
      "recompute", edges, std::move(saved), std::move(y),
      [](const Node& n, const Tensor& dy, Gradients& d) {
        std::vector<Variable> again;
        const std::size_t count = n.inputs().size() - 1;
        for (std::size_t i = 0; i < count; ++i) {
          const Tensor value = n.saved(i);
          again.push_back(d[i] ? parameter(value) : constant(value));
        }
        const Variable y = n.block()(again);
        if (y.requires_grad()) backward(y, dy);
        for (std::size_t i = 0; i < count; ++i) {
          if (!d[i]) continue;
          const Tensor gradient = again[i].grad();
          d[i].give(gradient.defined() ? gradient : Tensor::zeros(again[i].shape(), dy.dtype()));
        }
        d[count].give(Tensor::zeros({}, dy.dtype()));
      },
      std::move(block));
}

SAMPLES(detach) {
  Samples list;
  list.add({randn({2, 3}), randn({2, 3})},
           [](const Inputs& in) { return mul(detach(in[0]), in[1]); })
      .no_gradient(0);
  return list;
}

SAMPLES(recompute) {
  Samples list;
  const auto block = [](const std::vector<Variable>& in) {
    return gelu_tanh(linear(in[0], in[1], in[2]));
  };
  list.add({randn({3, 4}), randn({5, 4}), randn({5})},
           [=](const Inputs& in) { return recompute(block, in); })
      .same_as(block);
  list.add({randn({3, 4}), randn({5, 4}), randn({5})},
           [=](const Inputs& in) {
             return recompute(
                 [in, block](const std::vector<Variable>& x) {
                   return block({x[0], in[1], in[2]});
                 },
                 {in[0]});
           })
      .same_as(block)
      .note("parameters captured by the block");
  list.add({randn({3, 4}), randn({4, 4}), randn({4})},
           [=](const Inputs& in) {
             const Variable once = recompute(block, in);
             return recompute(block, {once, in[1], in[2]});
           })
      .note("twice, shared parameters");
  return list;
}

}  // namespace pupil
