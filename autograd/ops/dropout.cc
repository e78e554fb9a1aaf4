// y = x keep / (1 - p)            dx = dy keep / (1 - p)
//
// The mask is a function of (seed, stream, element index): backward makes it again, nothing is
// saved but numbers, and a recomputed block sees the same mask.
#include <fmt/format.h>

#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/sample.h"
#include "tensor/dropout.h"
#include "tensor/error.h"

namespace pupil {

Variable dropout(const Variable& x, double p, std::uint64_t seed, std::uint64_t stream) {
  tensor::check_dropout(p);
  if (p == 0) return x;
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  tensor::dropout_into(y, /*add=*/false, x.value(), p, seed, stream);
  return record("dropout", {x}, {}, std::move(y),
                [p, seed, stream](const Node&, const Tensor& dy, Gradients& d) {
                  if (!d[0]) return;
                  const bool add = d[0].add();
                  tensor::dropout_into(d[0].write(), add, dy, p, seed, stream);
                });
}

Variable dropout(const Variable& x, double p, const Tensor& keep) {
  tensor::check_dropout(p);
  if (keep.shape() != x.shape() || keep.dtype() != x.dtype()) {
    throw ShapeError(
        fmt::format("[dropout] the mask is {}, x is {}; it needs the same shape and type",
                    keep.str(), x.value().str()));
  }
  return scale(mul(x, constant(keep)), 1 / (1 - p));
}

SAMPLES(dropout) {
  Samples list;
  for (const auto& [shape, p] : {std::pair{Shape{3, 5}, 0.5}, {Shape{257}, 0.1}, {Shape{1}, 0.9}}) {
    list.add({randn(shape)}, [p = p](const Inputs& in) { return dropout(in[0], p, 7, 3); });
  }
  list.add({randn({2, 3})}, [](const Inputs& in) { return scale(dropout(in[0], 0, 7, 3), 1); })
      .note("p = 0: the identity");
  list.add({randn({4, 2})},
           [](const Inputs& in) {
             return add(dropout(in[0], 0.5, 7, 3), dropout(in[0], 0.5, 7, 4));
           })
      .note("two masks, gradients add up");
  list.add(
          {randn({2, 3})},
          [](const Inputs& in) {
            const Tensor keep = Tensor::from<double>({2, 3}, std::vector<double>{1, 0, 1, 1, 0, 0});
            return dropout(in[0], 0.25, keep.to(in[0].dtype()));
          })
      .note("mask given");
  return list;
}

}  // namespace pupil
