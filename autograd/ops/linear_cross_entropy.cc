// loss = masked_cross_entropy(x W^T, targets)          tensor/linear_cross_entropy.h says how
//
//   dx = dy (dlogits W) on supervised rows, exactly 0 elsewhere          dW = dy dlogits^T x
//
// Both products are done when the forward pass ends; the rule multiplies by dy. Only what is wanted
// is computed: nothing under NoGrad, no dW for a frozen head.
#include "tensor/linear_cross_entropy.h"

#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/reference.h"
#include "autograd/sample.h"
#include "tensor/embedding.h"

namespace pupil {

Variable linear_cross_entropy(const Variable& x, const Variable& weight, const Tensor& targets,
                              double label_smoothing, const Tensor& weights) {
  const bool recording = !NoGrad::active();
  auto [loss, rows, dx, dweight] = tensor::linear_cross_entropy(
      "linear_cross_entropy", x.value(), weight.value(), {targets, weights, label_smoothing},
      recording && x.requires_grad(), recording && weight.requires_grad());
  return record("linear_cross_entropy", {x, weight}, /*saved=*/{rows, dx, dweight}, std::move(loss),
                [](const Node& n, const Tensor& dy, Gradients& d) {
                  const auto [rows, dx, dweight] = n.saved<3>();
                  if (d[0]) {
                    const Tensor all = d[0].write_add();
                    tensor::scatter_rows_add(all.reshape({all.shape().rows(), all.shape().back()}),
                                             dx, rows, dy.item());
                  }
                  if (d[1] && dweight.defined()) {
                    const bool add = d[1].add();
                    tensor::scaled_into(d[1].write(), add, dy.item(), dweight);
                  } else if (d[1]) {
                    d[1].write_add();  // no supervised row: a gradient of 0
                  }
                });
}

SAMPLES(linear_cross_entropy) {
  Samples list;
  // `masked`: every so many rows one is masked (0: none).
  const auto add = [&](std::int64_t rows, std::int64_t width, std::int32_t vocabulary, int masked,
                       double e, bool weighted) -> OpSample& {
    const Tensor targets = random_ids({rows}, vocabulary);
    auto ids = targets.span<std::int32_t>();
    for (std::int64_t i = 0; masked && i < rows; i += masked) ids[i] = kIgnoreIndex;
    const Tensor weights = weighted ? rand_between({rows}, -1, 2) : Tensor();
    const auto weights_for = [weights](const Inputs& in) {
      return weights.defined() ? weights.to(in[0].dtype()) : weights;
    };
    return list
        .add({randn({rows, width}), randn({vocabulary, width})},
             [=](const Inputs& in) {
               return linear_cross_entropy(in[0], in[1], targets, e, weights_for(in));
             })
        .same_as([=](const Inputs& in) {
          return reference::linear_cross_entropy(in[0], in[1], targets, e, weights_for(in));
        });
  };
  constexpr std::int64_t kChunk = tensor::head_chunk_rows(3);
  add(6, 4, 5, 3, 0, false).note("rows 0 and 3 masked");
  add(5, 3, 35, 0, 0.1, false).note("smoothed, all rows supervised");
  add(7, 3, 6, 4, 0.1, true).note("row weights of both signs");
  add(1, 1, 1, 0, 0, false).note("one row, one column, one word");
  add(kChunk + 1, 1, 3, 0, 0, false).border(kChunk).note("a chunk and a row");
  add(kChunk + 301, 1, 2, 5, 0, true).border(kChunk).note("two chunks of the rows not masked");
  add(3, 2, 4, 1, 0, false).note("all masked").no_gradient(0).no_gradient(1);
  list.add({randn({2, 3, 4}), randn({5, 4})},
           [targets = random_ids({2, 3}, 5)](const Inputs& in) {
             return pupil::add(linear_cross_entropy(in[0], in[1], targets),
                               scale(linear_cross_entropy(in[0], in[1], targets, 0.3), 0.25));
           })
      .note("x of three axes, used twice, upstream not 1");
  return list;
}

}  // namespace pupil
