// The two activations of an MLP that take two inputs, each one fused kernel.
#include <fmt/format.h>

#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/sample.h"
#include "kernels/elementwise.h"
#include "tensor/error.h"
#include "tensor/matmul.h"

namespace pupil {

// y = silu(gate) up;   dgate = dy up silu'(gate),  dup = dy silu(gate)
Variable swiglu(const Variable& gate, const Variable& up) {
  if (gate.shape() != up.shape() || gate.dtype() != up.dtype()) {
    throw ShapeError(fmt::format("[swiglu] gate is {}, up is {}; they must be equal",
                                 gate.value().str(), up.value().str()));
  }
  Tensor y = Tensor::empty(gate.shape(), gate.dtype());
  dispatch_float("swiglu", y.dtype(), [&]<class T>() {
    cpu::swiglu_forward<T>(y.data<T>(), gate.value().data<T>(), up.value().data<T>(), y.numel());
  });
  return record(
      "swiglu", {gate, up}, {gate.value(), up.value()}, std::move(y),
      [](const Node& n, const Tensor& dy, Gradients& d) {
        Tensor target[2];
        bool add[2] = {false, false};
        for (int i : {0, 1}) {
          if (!d[i]) continue;
          add[i] = d[i].add();
          target[i] = d[i].write();
        }
        dispatch_float("swiglu", dy.dtype(), [&]<class T>() {
          const auto at = [](const Tensor& t) { return t.defined() ? t.data<T>() : nullptr; };
          cpu::swiglu_backward<T>(at(target[0]), add[0], at(target[1]), add[1], dy.data<T>(),
                                  n.saved(0).data<T>(), n.saved(1).data<T>(), dy.numel());
        });
      });
}

// y = gelu_tanh(x + bias);   dx = dy gelu'(x + bias),  dbias = sum of the rows of dx
Variable bias_gelu(const Variable& x, const Variable& bias) {
  if (bias.shape() != Shape{x.shape().back()} || bias.dtype() != x.dtype()) {
    throw ShapeError(
        fmt::format("[bias_gelu] x is {}, bias {}; bias must be as long as the last axis",
                    x.value().str(), bias.value().str()));
  }
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch_float("bias_gelu", y.dtype(), [&]<class T>() {
    cpu::bias_gelu_forward<T>(y.view<T>(), x.value().view<T>(), bias.value().data<T>());
  });
  return record("bias_gelu", {x, bias}, {x.value(), bias.value()}, std::move(y),
                [](const Node& n, const Tensor& dy, Gradients& d) {
                  if (!d[0] && !d[1]) return;
                  // The bias needs this gradient alone, so it is never added into another one here.
                  const Tensor dx = Tensor::empty(dy.shape(), dy.dtype());
                  dispatch_float("bias_gelu", dy.dtype(), [&]<class T>() {
                    cpu::bias_gelu_backward<T>(dx.view<T>(), /*add=*/false, dy.view<T>(),
                                               n.saved(0).view<T>(), n.saved(1).data<T>());
                  });
                  if (d[1]) {
                    const bool add = d[1].add();
                    tensor::sum_rows_into(d[1].write(), add, dx);
                  }
                  if (d[0]) d[0].give(dx);
                });
}

SAMPLES(swiglu) {
  Samples list;
  for (const Shape& shape : {Shape{3, 5}, Shape{1}, Shape{2, 33}}) {
    list.add({randn(shape), randn(shape)}, [](const Inputs& in) { return swiglu(in[0], in[1]); })
        .same_as([](const Inputs& in) { return mul(silu(in[0]), in[1]); });
  }
  return list;
}

SAMPLES(bias_gelu) {
  Samples list;
  for (const Shape& shape : {Shape{3, 5}, Shape{2, 3, 17}, Shape{67, 3}}) {
    list.add({randn(shape), randn({shape.back()})},
             [](const Inputs& in) { return bias_gelu(in[0], in[1]); })
        .same_as([](const Inputs& in) { return gelu_tanh(add(in[0], in[1])); })
        .border(64);
  }
  return list;
}

}  // namespace pupil
