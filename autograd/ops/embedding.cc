#include "tensor/embedding.h"
#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/reference.h"
#include "autograd/sample.h"

namespace pupil {
namespace {

// y[i] = x[ids[i]]            dx[v] += sum of dy[i] over all i with ids[i] = v
//
// Only the rows that were used are touched, so that a tied output head, whose gradient is there
// already, costs the embedding nothing more.
Variable chosen_rows(const char* op, const Variable& x, const Tensor& ids) {
  return record(op, {x}, /*saved=*/{ids}, tensor::gather_rows(op, x.value(), ids),
                [](const Node& n, const Tensor& dy, Gradients& d) {
                  if (d[0]) tensor::scatter_rows_add(d[0].write_add(), dy, n.saved(0));
                });
}

}  // namespace

Variable embedding(const Variable& weight, const Tensor& ids) {
  return chosen_rows("embedding", weight, ids);
}

Variable gather_rows(const Variable& x, const Tensor& ids) {
  return chosen_rows("gather_rows", x, ids);
}

SAMPLES(embedding) {
  Samples list;
  const auto add = [&](const Tensor& weight, const Tensor& ids) -> OpSample& {
    return list.add({weight}, [ids](const Inputs& in) { return embedding(in[0], ids); })
        .same_as([ids](const Inputs& in) { return reference::embedding(in[0], ids); });
  };
  const auto ids = [](std::initializer_list<std::int32_t> values) {
    return Tensor::from<std::int32_t>({std::int64_t(values.size())}, std::vector(values));
  };
  add(randn({5, 3}), random_ids({2, 4}, 5)).note("ids (B, T)");
  add(randn({4, 7}), ids({2, 2, 2, 0, 2})).note("repeated ids add up; rows 1 and 3 get zero");
  add(randn({3, 33}), ids({1, 0, 1})).border(32).note("columns: one f32 tile and one more");
  add(randn({3, 19}), ids({2, 1, 2, 2})).border(16).note("columns: one f64 tile and three");
  add(randn({1, 1}), ids({0})).note("one number");
  return list;
}

SAMPLES(gather_rows) {
  Samples list;
  for (const Shape& shape : {Shape{6, 5}, Shape{3, 2, 9}, Shape{4}}) {
    const Tensor ids = random_ids({5}, std::int32_t(shape[0]));
    list.add({randn(shape)}, [ids](const Inputs& in) { return gather_rows(in[0], ids); });
  }
  list.back().note("rows of one number");
  return list;
}

}  // namespace pupil
