#include <fmt/format.h>

#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/sample.h"
#include "tensor/error.h"
#include "tensor/matmul.h"
#include "tensor/quantise.h"

namespace pupil {

// y = x W + b, W frozen and held in 4 or 8 bits (Dettmers et al. 2023, QLoRA, eq. 5).
//   dx = dy W^T,  db = sum of the rows of dy;  W has no gradient
Variable quantised_linear(const Variable& x, const QuantisedMatrix& weight, const Variable& bias) {
  Tensor y = tensor::quantised_matmul(x.value(), weight);
  if (bias.defined()) {
    if (bias.shape() != Shape{weight.out} || bias.dtype() != y.dtype()) {
      throw ShapeError(
          fmt::format("[quantised_linear] bias is {}, the output {}", bias.value().str(), y.str()));
    }
    tensor::add_bias_(y, bias.value());
  }
  return record("quantised_linear", {x, bias}, {weight.codes, weight.scales, weight.scales2},
                std::move(y),
                [kind = weight.kind, in = weight.in, out = weight.out, offset = weight.offset](
                    const Node& n, const Tensor& dy, Gradients& d) {
                  if (d[0]) {
                    const auto [codes, scales, scales2] = n.saved<3>();
                    const bool add = d[0].add();
                    tensor::quantised_matmul_backward(
                        d[0].write(), add, dy, {kind, in, out, codes, scales, scales2, offset});
                  }
                  if (d[1]) {
                    const bool add = d[1].add();
                    tensor::sum_rows_into(d[1].write(), add, dy);
                  }
                });
}

// The twin multiplies with the numbers that the codes stand for.
SAMPLES(quantised_linear) {
  Samples list;
  for (const Quantisation kind : {Quantisation::kNf4, Quantisation::kInt8}) {
    for (const auto& [in, out] : {std::pair<std::int64_t, std::int64_t>{5, 3}, {19, 67}}) {
      const QuantisedMatrix w = tensor::quantise(randn({in, out}), kind);
      list.add({randn({2, 3, in}), randn({out})},
               [w](const Inputs& in) { return quantised_linear(in[0], w, in[1]); })
          .same_as([w](const Inputs& in) {
            return linear(in[0], constant(tensor::dequantise(w, in[0].dtype())), in[1]);
          })
          .border(out > 64 ? 64 : 0)
          .note(name_of(kind));
    }
  }
  const QuantisedMatrix w = tensor::quantise(randn({7, 4}), Quantisation::kNf4);
  list.add({randn({3, 7})}, [w](const Inputs& in) { return quantised_linear(in[0], w, {}); })
      .note("no bias");
  return list;
}

}  // namespace pupil
