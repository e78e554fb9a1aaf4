// Operations that move elements and compute nothing; each rule is the transpose of its forward.
#include "tensor/shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/sample.h"
#include "tensor/error.h"

namespace pupil {

// dx = sum_to(dy)
Variable broadcast_to(const Variable& x, const Shape& shape) {
  const Shape from = x.shape();
  return record("broadcast_to", {x}, {}, tensor::broadcast_to(x.value(), shape),
                [from](const Node&, const Tensor& dy, Gradients& d) {
                  if (d[0]) d[0].give(tensor::sum_to(dy, from));
                });
}

// dx = broadcast_to(dy)
Variable sum_to(const Variable& x, const Shape& shape) {
  const Shape from = x.shape();
  return record("sum_to", {x}, {}, tensor::sum_to(x.value(), shape),
                [from](const Node&, const Tensor& dy, Gradients& d) {
                  if (d[0]) d[0].give(tensor::broadcast_to(dy, from));
                });
}

Variable reshape(const Variable& x, const Shape& shape) {
  const Shape from = x.shape();
  return record("reshape", {x}, {}, x.value().reshape(shape),
                [from](const Node&, const Tensor& dy, Gradients& d) {
                  if (d[0]) d[0].give(dy.reshape(from));
                });
}

// dx = permute(dy) by the inverse permutation
Variable permute(const Variable& x, std::span<const int> axes) {
  Tensor y = tensor::permute(x.value(), axes);
  std::array<int, Shape::kMaxRank> inverse{};
  for (int i = 0; i < int(axes.size()); ++i) inverse[axes[i]] = i;
  const int rank = int(axes.size());
  return record("permute", {x}, {}, std::move(y),
                [inverse, rank](const Node&, const Tensor& dy, Gradients& d) {
                  if (d[0]) d[0].give(tensor::permute(dy, std::span(inverse.data(), rank)));
                });
}

// d(part) = the part of dy
Variable concat(std::span<const Variable> parts, int axis) {
  std::vector<Tensor> values;
  for (const Variable& part : parts) values.push_back(part.value());
  Tensor y = tensor::concat(values, axis);
  axis = normalize_axis("concat", axis, y.shape());
  return record("concat", parts, {}, std::move(y),
                [axis](const Node& n, const Tensor& dy, Gradients& d) {
                  std::int64_t begin = 0;
                  for (std::size_t i = 0; i < n.inputs().size(); ++i) {
                    const std::int64_t length = n.inputs()[i].shape[axis];
                    if (d[i]) d[i].give(tensor::narrow(dy, axis, begin, length));
                    begin += length;
                  }
                });
}

// Each part is a step of its own: dx[the part] += dy.
std::vector<Variable> split(const Variable& x, std::span<const std::int64_t> sizes, int axis) {
  axis = normalize_axis("split", axis, x.shape());
  const std::int64_t total = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  if (total != x.shape()[axis]) {
    throw ShapeError(fmt::format("[split] the sizes sum to {}, axis {} of {} has {}", total, axis,
                                 x.value().str(), x.shape()[axis]));
  }
  std::vector<Variable> parts;
  std::int64_t begin = 0;
  for (const std::int64_t size : sizes) {
    parts.push_back(record("split", {x}, {}, tensor::narrow(x.value(), axis, begin, size),
                           [axis, begin](const Node&, const Tensor& dy, Gradients& d) {
                             if (d[0])
                               tensor::narrow_write(d[0].write_add(), dy, axis, begin, true);
                           }));
    begin += size;
  }
  return parts;
}

// The value shares the storage of x; dx[begin:end] += dy.
Variable rows(const Variable& x, std::int64_t begin, std::int64_t end) {
  return record("rows", {x}, {}, x.value().rows(begin, end),
                [begin, end](const Node&, const Tensor& dy, Gradients& d) {
                  if (d[0]) d[0].write_add().rows(begin, end).add_(dy);
                });
}

// dx = dy with the replaced rows zero,  drows[i] = dy[ids[i]]
Variable replace_rows(const Variable& x, const Tensor& ids, const Variable& rows) {
  const auto fits = x.shape().rank() == 2 && ids.dtype() == DType::kInt32 &&
                    rows.shape() == Shape{ids.numel(), x.shape().back()} &&
                    rows.dtype() == x.dtype();
  if (!fits) {
    throw ShapeError(
        fmt::format("[replace_rows] x is {}, ids {}, rows {}; needs (N, C), (M) i32, (M, C)",
                    x.value().str(), ids.str(), rows.value().str()));
  }
  Tensor y = x.value().clone();
  std::int64_t i = 0;
  for (const std::int32_t id : ids.span<std::int32_t>()) {
    y.rows(id, id + 1).copy_(rows.value().rows(i, i + 1));
    ++i;
  }
  return record("replace_rows", {x, rows}, {ids}, std::move(y),
                [](const Node& n, const Tensor& dy, Gradients& d) {
                  const auto ids = n.saved(0).span<std::int32_t>();
                  if (d[0]) {
                    Tensor dx = dy.clone();
                    for (const std::int32_t id : ids) dx.rows(id, id + 1).fill_(0);
                    d[0].give(dx);
                  }
                  if (d[1]) {
                    Tensor drows = Tensor::empty(n.inputs()[1].shape, dy.dtype());
                    for (std::size_t i = 0; i < ids.size(); ++i) {
                      drows.rows(i, i + 1).copy_(dy.rows(ids[i], ids[i] + 1));
                    }
                    d[1].give(drows);
                  }
                });
}

SAMPLES(broadcast_to) {
  Samples list;
  for (const auto& [from, to] : {std::pair{Shape{3}, Shape{2, 3}},
                                 {Shape{2, 1, 3}, Shape{4, 2, 5, 3}},
                                 {Shape{}, Shape{2, 2}},
                                 {Shape{4, 1}, Shape{4, 3}}}) {
    list.add({randn(from)}, [to = to](const Inputs& in) { return broadcast_to(in[0], to); });
  }
  return list;
}

SAMPLES(sum_to) {
  Samples list;
  for (const auto& [from, to] : {std::pair{Shape{2, 3}, Shape{3}},
                                 {Shape{4, 2, 5, 3}, Shape{2, 1, 3}},
                                 {Shape{2, 2}, Shape{}},
                                 {Shape{67, 3}, Shape{1, 3}}}) {
    list.add({randn(from)}, [to = to](const Inputs& in) { return sum_to(in[0], to); });
  }
  return list;
}

SAMPLES(reshape) {
  Samples list;
  list.add({randn({2, 6})}, [](const Inputs& in) { return reshape(in[0], {3, 1, 4}); });
  list.add({randn({1})}, [](const Inputs& in) { return reshape(in[0], {}); });
  return list;
}

SAMPLES(permute) {
  Samples list;
  for (const std::vector<int>& axes :
       {std::vector{2, 0, 1}, std::vector{0, 2, 1}, std::vector{2, 1, 0}, std::vector{0, 1, 2}}) {
    list.add({randn({2, 3, 4})}, [axes](const Inputs& in) { return permute(in[0], axes); });
  }
  return list;
}

SAMPLES(concat) {
  Samples list;
  for (const int axis : {0, 1, -1}) {
    Shape a{2, 3, 4}, b{2, 3, 4};
    b[axis] = 5;
    list.add({randn(a), randn(b)}, [axis](const Inputs& in) { return concat(in, axis); });
  }
  list.add({randn({2, 2})},
           [](const Inputs& in) {
             return concat(Inputs{in[0], in[0]}, 1);
           })
      .note("the same part twice");
  return list;
}

SAMPLES(split) {
  Samples list;
  for (const int axis : {0, 1, 2}) {
    list.add({randn({5, 5, 5})}, [axis](const Inputs& in) {
      const auto parts = split(in[0], std::array<std::int64_t, 3>{2, 1, 2}, axis);
      return mul(parts[0], parts[2]);
    });
  }
  return list;
}

SAMPLES(rows) {
  Samples list;
  list.add({randn({5, 3})}, [](const Inputs& in) { return rows(in[0], 1, 4); });
  list.add({randn({4, 2, 2})},
           [](const Inputs& in) { return mul(rows(in[0], 0, 3), rows(in[0], 1, 4)); })
      .note("overlapping ranges of one tensor");
  return list;
}

SAMPLES(replace_rows) {
  Samples list;
  list.add({randn({5, 3}), randn({2, 3})}, [](const Inputs& in) {
    return replace_rows(in[0], Tensor::from<std::int32_t>({2}, std::vector{4, 1}), in[1]);
  });
  return list;
}

}  // namespace pupil
