// Cross-entropies of logits: (..., V) against targets: i32 (...); kernels/cross_entropy.h has the
// formulas. Rows with target kIgnoreIndex or weight 0 are masked: loss and gradient exactly 0,
// logits not read.
#include "tensor/cross_entropy.h"

#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/reference.h"
#include "autograd/sample.h"
#include "kernels/cross_entropy.h"

namespace pupil {

static_assert(kIgnoreIndex == cpu::kIgnoredTarget);

// y_i = log softmax(z_i)[t_i]            dz_i = dy_i (onehot(t_i) - softmax(z_i))
//
// The gradient is that of the cross-entropy with row weights dy and the factor -1.
Variable gather_logprob(const Variable& logits, const Tensor& targets) {
  auto [y, max, sum] = tensor::cross_entropy("gather_logprob", logits.value(), {targets, {}, 0});
  y.scale_(-1);
  return record(
      "gather_logprob", {logits}, /*saved=*/{logits.value(), max, sum, targets}, std::move(y),
      [](const Node& n, const Tensor& dy, Gradients& d) {
        if (!d[0]) return;
        const auto [logits, max, sum, targets] = n.saved<4>();
        const bool add = d[0].add();
        tensor::cross_entropy_backward(d[0].write(), add, logits, max, sum, {targets, dy, 0}, -1);
      });
}

namespace {

// loss = sum_i w_i ((1 - e) l_i + e mean_v(-log p_i[v])),  l_i = -log p_i[t_i],  p_i = softmax(z_i)
// dz_i = dy w_i (p_i - (1 - e) onehot(t_i) - e / V)
Variable summed(const char* op, const Variable& logits, const Tensor& targets,
                const Tensor& weights, double smoothing) {
  auto [losses, max, sum] =
      tensor::cross_entropy(op, logits.value(), {targets, weights, smoothing});
  return record(op, {logits}, /*saved=*/{logits.value(), max, sum, targets, weights},
                tensor::total(losses), [smoothing](const Node& n, const Tensor& dy, Gradients& d) {
                  if (!d[0]) return;
                  const auto [logits, max, sum, targets, weights] = n.saved<5>();
                  const bool add = d[0].add();
                  tensor::cross_entropy_backward(d[0].write(), add, logits, max, sum,
                                                 {targets, weights, smoothing}, dy.item());
                });
}

}  // namespace

Variable masked_cross_entropy(const Variable& logits, const Tensor& targets,
                              double label_smoothing) {
  return summed("masked_cross_entropy", logits, targets, {}, label_smoothing);
}

Variable weighted_cross_entropy(const Variable& logits, const Tensor& targets,
                                const Tensor& weights, double label_smoothing) {
  return summed("weighted_cross_entropy", logits, targets, weights, label_smoothing);
}

// ---- samples ------------------------------------------------------------------------------------

namespace {

// Random targets; every `skip`-th row is masked (0: none).
Tensor some_targets(const Shape& rows, std::int32_t vocabulary, int skip) {
  const Tensor targets = random_ids(rows, vocabulary);
  auto ids = targets.span<std::int32_t>();
  for (std::size_t i = 0; skip && i < ids.size(); i += std::size_t(skip)) ids[i] = kIgnoreIndex;
  return targets;
}

}  // namespace

SAMPLES(gather_logprob) {
  Samples list;
  const auto add = [&](const Tensor& logits, const Tensor& targets) -> OpSample& {
    return list
        .add({logits}, [targets](const Inputs& in) { return gather_logprob(in[0], targets); })
        .same_as([targets](const Inputs& in) { return reference::gather_logprob(in[0], targets); });
  };
  add(randn({2, 3, 5}), some_targets({2, 3}, 5, 4)).note("rows 0 and 4 masked");
  add(randn({4, 67}), some_targets({4}, 67, 0)).note("four vectors and three columns");
  add(randn({7}), Tensor::from<std::int32_t>({}, std::vector<std::int32_t>{3})).note("one row");
  add(randn({3, 1}), some_targets({3}, 1, 0)).note("one column: log 1");
  add(randn({2, 4}), some_targets({2}, 4, 1)).note("all masked").no_gradient(0);
  return list;
}

SAMPLES(masked_cross_entropy) {
  Samples list;
  const auto add = [&](const Tensor& logits, const Tensor& targets, double e) -> OpSample& {
    return list
        .add({logits}, [=](const Inputs& in) { return masked_cross_entropy(in[0], targets, e); })
        .same_as(
            [=](const Inputs& in) { return reference::masked_cross_entropy(in[0], targets, e); });
  };
  add(randn({2, 3, 5}), some_targets({2, 3}, 5, 4), 0).note("rows 0 and 4 masked");
  add(randn({2, 3, 5}), some_targets({2, 3}, 5, 4), 0.1).note("smoothed");
  add(randn({5, 33}), some_targets({5}, 33, 3), 0.2).note("two vectors and a column");
  add(randn({4, 131}), some_targets({4}, 131, 0), 0.1).note("eight vectors and three columns");
  add(randn({1, 2}), some_targets({1}, 2, 0), 0).note("one row");
  add(randn({3, 1}), some_targets({3}, 1, 0), 0).note("one column: loss and gradient 0");
  // The step of a difference grows with |x|, so the large part of the logits is a constant.
  list.add({randn({3, 5})},
           [targets = some_targets({3}, 5, 0)](const Inputs& in) {
             const Tensor offset = Tensor::full({3, 5}, 7000, in[0].dtype());
             return masked_cross_entropy(pupil::add(in[0], constant(offset)), targets, 0.1);
           })
      .note("exp of a logit overflows")
      .float32_within(5e-3);
  add(randn({2, 4}), some_targets({2}, 4, 1), 0.1).note("all masked").no_gradient(0);
  list.add({randn({3, 4})},
           [targets = some_targets({3}, 4, 0)](const Inputs& in) {
             return pupil::add(masked_cross_entropy(in[0], targets),
                               masked_cross_entropy(in[0], targets, 0.5));
           })
      .note("used twice: the second gradient is added to the first");
  return list;
}

SAMPLES(weighted_cross_entropy) {
  Samples list;
  const auto add = [&](const Shape& rows, std::int32_t vocabulary, int skip,
                       double e) -> OpSample& {
    const Tensor targets = some_targets(rows, vocabulary, skip), weights = randn(rows);
    weights.span<double>().back() = 0;
    std::vector<std::int64_t> axes(rows.begin(), rows.end());
    axes.push_back(vocabulary);
    return list
        .add({randn(Shape(std::span<const std::int64_t>(axes)))},
             [=](const Inputs& in) {
               return weighted_cross_entropy(in[0], targets, weights.to(in[0].dtype()), e);
             })
        .same_as([=](const Inputs& in) {
          return reference::weighted_cross_entropy(in[0], targets, weights.to(in[0].dtype()), e);
        });
  };
  add({2, 3}, 5, 4, 0).note("rows 0 and 4 masked, row 5 of weight 0, weights of both signs");
  add({4}, 37, 0, 0.1).note("smoothed");
  add({1}, 3, 0, 0).note("one row of weight 0").no_gradient(0);
  return list;
}

}  // namespace pupil
