#include "tensor/matmul.h"

#include <fmt/format.h>

#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/sample.h"
#include "tensor/error.h"

namespace pupil {
namespace {

// Fills a destination with op(a) op(b), in place where a contribution is there already.
void write_product(Destination& d, const Tensor& a, bool trans_a, const Tensor& b, bool trans_b) {
  if (!d) return;
  const bool add = d.add();
  tensor::matmul_into(d.write(), add, a, trans_a, b, trans_b);
}

Tensor as_rows(const Tensor& t) { return t.reshape({t.shape().rows(), t.shape().back()}); }

}  // namespace

// C = op(a) op(b).
//   dA = dC op(b)^T, or op(b) dC^T where a is transposed
//   dB = op(a)^T dC, or dC^T op(a) where b is transposed
Variable matmul(const Variable& a, const Variable& b, Trans trans_a, Trans trans_b) {
  const bool ta = trans_a == Trans::kYes, tb = trans_b == Trans::kYes;
  Tensor c = tensor::matmul(a.value(), ta, b.value(), tb);
  return record("matmul", {a, b}, {a.value(), b.value()}, std::move(c),
                [ta, tb](const Node& n, const Tensor& dc, Gradients& d) {
                  const auto [a, b] = n.saved<2>();
                  const bool a_is_rows = b.shape().rank() == 2 && a.shape().rank() > 2;
                  if (ta) {
                    write_product(d[0], b, tb, dc, true);
                  } else {
                    write_product(d[0], dc, false, b, !tb);
                  }
                  const Tensor am = a_is_rows ? as_rows(a) : a, dm = a_is_rows ? as_rows(dc) : dc;
                  if (tb) {
                    write_product(d[1], dm, true, am, ta);
                  } else {
                    write_product(d[1], am, !ta, dm, false);
                  }
                });
}

// y = x W^T + b (rows).   dx = dy W,  dW = dy^T x,  db = sum of the rows of dy.
// With the weight stored (in, out):   dx = dy W^T,  dW = x^T dy.
Variable linear(const Variable& x, const Variable& weight, const Variable& bias,
                WeightLayout layout) {
  const bool out_in = layout == WeightLayout::kOutIn;
  if (weight.shape().rank() != 2) {
    throw ShapeError(
        fmt::format("[linear] weight must have two axes, got {}", weight.value().str()));
  }
  Tensor y = Tensor::empty(tensor::matmul_shape("linear", x.value(), false, weight.value(), out_in),
                           x.dtype());
  tensor::matmul_into(y, /*add=*/false, x.value(), false, weight.value(), out_in);
  if (bias.defined()) {
    if (bias.shape() != Shape{y.shape().back()} || bias.dtype() != y.dtype()) {
      throw ShapeError(
          fmt::format("[linear] bias is {}, the output {}; bias must be as long as its "
                      "last axis",
                      bias.value().str(), y.str()));
    }
    tensor::add_bias_(y, bias.value());
  }
  // A frozen weight wants no gradient, so that x need not be kept for it, and the other way round.
  return record("linear", {x, weight, bias},
                {weight.requires_grad() ? x.value() : Tensor(),
                 x.requires_grad() ? weight.value() : Tensor()},
                std::move(y), [out_in](const Node& n, const Tensor& dy, Gradients& d) {
                  const auto [x, weight] = n.saved<2>();
                  write_product(d[0], dy, false, weight, !out_in);
                  if (d[1] && out_in) {
                    write_product(d[1], as_rows(dy), true, as_rows(x), false);
                  } else if (d[1]) {
                    write_product(d[1], as_rows(x), true, as_rows(dy), false);
                  }
                  if (d[2]) {
                    const bool add = d[2].add();
                    tensor::sum_rows_into(d[2].write(), add, dy);
                  }
                });
}

SAMPLES(matmul) {
  Samples list;
  for (const Trans ta : {Trans::kNo, Trans::kYes}) {
    for (const Trans tb : {Trans::kNo, Trans::kYes}) {
      const Shape a = ta == Trans::kNo ? Shape{5, 3} : Shape{3, 5};
      const Shape b = tb == Trans::kNo ? Shape{3, 7} : Shape{7, 3};
      const auto product = [=](const Inputs& in) { return matmul(in[0], in[1], ta, tb); };
      list.add({randn(a), randn(b)}, product);
      const Shape ba = ta == Trans::kNo ? Shape{2, 2, 5, 3} : Shape{2, 2, 3, 5};
      const Shape bb = tb == Trans::kNo ? Shape{2, 2, 3, 4} : Shape{2, 2, 4, 3};
      list.add({randn(ba), randn(bb)}, product).note("batched");
    }
    list.add({randn({2, 3, 4}), randn(ta == Trans::kNo ? Shape{4, 5} : Shape{5, 4})},
             [=](const Inputs& in) { return matmul(in[0], in[1], Trans::kNo, ta); })
        .note("rows of a tensor times a matrix");
  }
  list.add({randn({1, 1}), randn({1, 1})}, [](const Inputs& in) { return matmul(in[0], in[1]); });
  list.add({randn({4, 4})}, [](const Inputs& in) { return matmul(in[0], in[0]); })
      .note("the same variable twice");
  return list;
}

SAMPLES(linear) {
  Samples list;
  list.add({randn({2, 3, 4}), randn({5, 4}), randn({5})},
           [](const Inputs& in) { return linear(in[0], in[1], in[2]); })
      .same_as([](const Inputs& in) {
        return add(matmul(in[0], in[1], Trans::kNo, Trans::kYes), in[2]);
      });
  list.add({randn({3, 4}), randn({4, 5}), randn({5})},
           [](const Inputs& in) { return linear(in[0], in[1], in[2], WeightLayout::kInOut); })
      .same_as([](const Inputs& in) { return add(matmul(in[0], in[1]), in[2]); });
  list.add({randn({3, 4}), randn({5, 4})}, [](const Inputs& in) { return linear(in[0], in[1]); });
  list.add({randn({67, 3}), randn({2, 3}), randn({2})},
           [](const Inputs& in) { return linear(in[0], in[1], in[2]); })
      .note("bias gradient over one tile of 64 rows and three more")
      .border(64);
  return list;
}

}  // namespace pupil
