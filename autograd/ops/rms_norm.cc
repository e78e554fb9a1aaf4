// y = x rrms w over the last axis, rrms = 1 / sqrt(avg(x^2) + eps); see kernels/rms_norm.h.
//
//   dx = rrms (g - xhat avg(g xhat)),   g = dy w,   xhat = x rrms
//   dw = sum over rows of dy xhat
#include "kernels/rms_norm.h"
#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/reference.h"
#include "autograd/sample.h"
#include "tensor/norms.h"

namespace pupil {

Variable rms_norm(const Variable& x, const Variable& weight, double eps) {
  auto [y, rrms] = tensor::rms_norm(x.value(), weight.value(), eps);
  return record("rms_norm", {x, weight}, /*saved=*/{x.value(), weight.value(), rrms}, std::move(y),
                [](const Node& n, const Tensor& dy, Gradients& d) {  // d: x, weight
                  const auto [x, weight, rrms] = n.saved<3>();
                  const bool add = d[0] && d[0].add();
                  tensor::rms_norm_backward(d[0] ? d[0].write() : Tensor(), add,
                                            d[1] ? d[1].write_add() : Tensor(), dy, x, weight,
                                            rrms);
                });
}

SAMPLES(rms_norm) {
  Samples list;
  const auto add = [&list](Tensor x, double eps) -> OpSample& {
    const std::int64_t width = x.shape().back();
    return list
        .add({std::move(x), randn({width})},
             [eps](const Inputs& in) { return rms_norm(in[0], in[1], eps); })
        .same_as([eps](const Inputs& in) { return reference::rms_norm(in[0], in[1], eps); });
  };
  add(randn({2, 3, 5}), 1e-5);
  add(randn({1, 33}), 1e-5).note("one row, two vectors and a rest");
  add(randn({cpu::kRmsNormTile + 1, 17}), 1e-5).note("a tile and a row").border(cpu::kRmsNormTile);
  add(randn({2 * cpu::kRmsNormTile + 3, 2}), 0.1).note("three tiles").border(cpu::kRmsNormTile);
  add(randn({4, 1}), 0.1).note("one column");
  add(Tensor::zeros({2, 7}, DType::kFloat64), 0.1).note("all zero: eps decides");
  list.add({randn({3, 9}), randn({9})},
           [](const Inputs& in) {
             const Variable y = rms_norm(in[0], in[1], 1e-5);
             return pupil::add(y, rms_norm(in[0], in[1], 1e-2));
           })
      .note("used twice: the second gradient is added to the first");
  return list;
}

}  // namespace pupil
