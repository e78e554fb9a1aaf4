// y = (x - mean) rstd w + b over the last axis; see kernels/layer_norm.h for the formulas.
//
//   dx = rstd (g - avg(g) - xhat avg(g xhat)),   g = dy w,   xhat = (x - mean) rstd
//   dw = sum over rows of dy xhat,               db = sum over rows of dy
#include "kernels/layer_norm.h"
#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/reference.h"
#include "autograd/sample.h"
#include "tensor/norms.h"

namespace pupil {

Variable layer_norm(const Variable& x, const Variable& weight, const Variable& bias, double eps) {
  auto [y, mean, rstd] = tensor::layer_norm(x.value(), weight.value(), bias.value(), eps);
  return record("layer_norm", {x, weight, bias},
                /*saved=*/{x.value(), weight.value(), mean, rstd}, std::move(y),
                [](const Node& n, const Tensor& dy, Gradients& d) {  // d: x, weight, bias
                  const auto [x, weight, mean, rstd] = n.saved<4>();
                  const bool add = d[0] && d[0].add();
                  tensor::layer_norm_backward(
                      d[0] ? d[0].write() : Tensor(), add, d[1] ? d[1].write_add() : Tensor(),
                      d[2] ? d[2].write_add() : Tensor(), dy, x, weight, mean, rstd);
                });
}

SAMPLES(layer_norm) {
  Samples list;
  const auto add = [&list](Tensor x, double eps) -> OpSample& {
    const std::int64_t width = x.shape().back();
    return list
        .add({std::move(x), randn({width}), randn({width})},
             [eps](const Inputs& in) { return layer_norm(in[0], in[1], in[2], eps); })
        .same_as(
            [eps](const Inputs& in) { return reference::layer_norm(in[0], in[1], in[2], eps); });
  };
  add(randn({2, 3, 5}), 1e-5);
  add(randn({1, 33}), 1e-5).note("one row, two vectors and a rest");
  add(randn({cpu::kLayerNormTile + 1, 17}), 1e-5)
      .note("a tile and a row")
      .border(cpu::kLayerNormTile);
  add(randn({2 * cpu::kLayerNormTile + 3, 2}), 0.1).note("three tiles").border(cpu::kLayerNormTile);
  add(randn({4, 1}), 0.1).note("one column: y is the bias");
  add(Tensor::full({2, 7}, 3, DType::kFloat64), 0.1).note("variance 0: eps decides");
  list.add({randn({3, 9}), randn({9})},
           [](const Inputs& in) { return layer_norm(in[0], in[1], {}, 1e-5); })
      .same_as([](const Inputs& in) { return reference::layer_norm(in[0], in[1], {}, 1e-5); })
      .note("without bias");
  list.add({randn({3, 9}), randn({9}), randn({9})},
           [](const Inputs& in) {
             const Variable y = layer_norm(in[0], in[1], in[2], 1e-5);
             return pupil::add(y, layer_norm(in[0], in[1], in[2], 1e-2));
           })
      .note("used twice: the second gradient is added to the first");
  return list;
}

}  // namespace pupil
