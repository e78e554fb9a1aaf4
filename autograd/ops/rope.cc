// Rotary positions: every pair of numbers in a head is turned by an angle that grows with the
// position; see kernels/rope.h. A rotation's transpose is its inverse: dx = dy turned back.
#include "tensor/rope.h"

#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/reference.h"
#include "autograd/sample.h"

namespace pupil {

Variable rope(const Variable& x, const Tensor& positions, double theta, RopeForm form) {
  const cpu::RopePairs pairs =
      form == RopeForm::kInterleaved ? cpu::RopePairs::kInterleaved : cpu::RopePairs::kHalfSplit;
  return record("rope", {x}, /*saved=*/{positions},
                tensor::rope(x.value(), positions, theta, pairs),
                [theta, pairs](const Node& n, const Tensor& dy, Gradients& d) {
                  if (!d[0]) return;
                  const bool add = d[0].add();
                  tensor::rope_backward(d[0].write(), add, dy, n.saved(0), theta, pairs);
                });
}

Variable rope(const Variable& x, std::int64_t first_position, double theta, RopeForm form) {
  const std::int64_t T = x.shape().rank() == 4 ? x.shape()[1] : 0;
  const Tensor positions = Tensor::empty({x.shape().rank() ? x.shape()[0] : 0, T}, DType::kInt32);
  std::int64_t i = 0;
  for (std::int32_t& position : positions.span<std::int32_t>()) {
    position = std::int32_t(first_position + i++ % T);
  }
  return rope(x, positions, theta, form);
}

SAMPLES(rope) {
  Samples list;
  for (const RopeForm form : {RopeForm::kInterleaved, RopeForm::kHalfSplit}) {
    const auto add = [&list, form](const Shape& shape, std::int64_t first) -> OpSample& {
      return list
          .add({randn(shape)}, [=](const Inputs& in) { return rope(in[0], first, 10000, form); })
          .same_as([=](const Inputs& in) { return reference::rope(in[0], first, 10000, form); });
    };
    add({2, 5, 3, 6}, 2);
    add({1, 1, 1, 2}, 7).note("one pair");
    add({1, 35, 1, 4}, 0).note("the table's 32 positions and three").border(32);
    const Tensor scattered = Tensor::from<std::int32_t>({2, 3}, std::vector{5, 0, 1, 100000, 3, 3});
    list.add({randn({2, 3, 2, 34})},
             [=](const Inputs& in) { return rope(in[0], scattered, 100, form); })
        .note("positions of packed rows, far apart");
    list.add({randn({1, 3, 1, 8})},
             [=](const Inputs& in) {
               return pupil::add(rope(in[0], 0, 10000, form), rope(in[0], 4, 10000, form));
             })
        .note("used twice: the second gradient is added to the first");
  }
  return list;
}

}  // namespace pupil
