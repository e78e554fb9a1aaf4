// Softmax, its logarithm and its normaliser over the last axis; see kernels/softmax.h.
//
//   y = softmax(x)        dx = y (dy - sum(dy y))
//   y = log_softmax(x)    dx = dy - exp(y) sum(dy)
//   l = logsumexp(x)      dx = dl softmax(x) = dl exp(x - l)
#include "tensor/softmax.h"

#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/reference.h"
#include "autograd/sample.h"

namespace pupil {

Variable softmax(const Variable& x) {
  const Tensor y = tensor::softmax(x.value());
  return record("softmax", {x}, /*saved=*/{y}, y,
                [](const Node& n, const Tensor& dy, Gradients& d) {
                  const bool add = d[0].add();
                  tensor::softmax_backward(d[0].write(), add, dy, n.saved(0));
                });
}

Variable log_softmax(const Variable& x) {
  const Tensor y = tensor::log_softmax(x.value());
  return record("log_softmax", {x}, /*saved=*/{y}, y,
                [](const Node& n, const Tensor& dy, Gradients& d) {
                  const bool add = d[0].add();
                  tensor::log_softmax_backward(d[0].write(), add, dy, n.saved(0));
                });
}

Variable logsumexp(const Variable& x) {
  const Tensor l = tensor::logsumexp(x.value());
  return record("logsumexp", {x}, /*saved=*/{x.value(), l}, l,
                [](const Node& n, const Tensor& dl, Gradients& d) {
                  const bool add = d[0].add();
                  tensor::logsumexp_backward(d[0].write(), add, dl, n.saved(0), n.saved(1));
                });
}

namespace {

using RowOperation = Variable (*)(const Variable&);

Samples samples_of_rows(RowOperation f, RowOperation twin) {
  Samples list;
  const auto add = [&](Tensor x) -> OpSample& {
    return list.add({std::move(x)}, [f](const Inputs& in) { return f(in[0]); })
        .same_as([twin](const Inputs& in) { return twin(in[0]); });
  };
  add(randn({2, 3, 5}));
  add(randn({1, 35})).note("one row, two vectors and a rest");
  add(randn({67, 3})).note("many short rows");
  add(randn({9})).note("no leading axes");
  add(randn({4, 1})).note("one column: p = 1");
  add(rand_between({3, 17}, -30, 30)).note("nearly one-hot");
  list.add({randn({3, 9})}, [f](const Inputs& in) { return pupil::add(f(in[0]), f(in[0])); })
      .note("used twice: the second gradient is added to the first");
  return list;
}

}  // namespace

SAMPLES(softmax) { return samples_of_rows(softmax, reference::softmax); }
SAMPLES(log_softmax) { return samples_of_rows(log_softmax, reference::log_softmax); }
SAMPLES(logsumexp) { return samples_of_rows(logsumexp, reference::logsumexp); }

}  // namespace pupil
