// out = softmax(q k^T / sqrt(head_dim)) v over earlier positions of the same segment; see
// kernels/attention.h for the formulas of both directions. Kept for backward: qkv, out and the
// log-sum-exp of each query's scores, from which the probabilities are computed again.
#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/reference.h"
#include "autograd/sample.h"
#include "kernels/attention.h"
#include "tensor/attention.h"

namespace pupil {

Variable causal_attention(const Variable& qkv, Heads heads, const Tensor& segments) {
  const auto [out, lse] = tensor::causal_attention(qkv.value(), heads, segments);
  return record("causal_attention", {qkv}, /*saved=*/{qkv.value(), out, lse, segments}, out,
                [heads](const Node& n, const Tensor& dout, Gradients& d) {
                  if (!d[0]) return;
                  const auto [qkv, out, lse, segments] = n.saved<4>();
                  const bool add = d[0].add();
                  tensor::causal_attention_backward(d[0].write(), add, dout, qkv, out, lse, heads,
                                                    segments);
                });
}

SAMPLES(causal_attention) {
  Samples list;
  const auto add = [&list](std::int64_t B, std::int64_t T, Heads heads, Tensor segments = {},
                           double spread = 1) -> OpSample& {
    Tensor qkv = randn({B, T, (heads.n_head + 2 * heads.n_kv_head) * heads.head_dim});
    qkv.scale_(spread);
    return list
        .add({qkv}, [=](const Inputs& in) { return causal_attention(in[0], heads, segments); })
        .same_as(
            [=](const Inputs& in) { return reference::causal_attention(in[0], heads, segments); });
  };
  const auto ids = [](std::int64_t B, std::int64_t T, std::vector<std::int32_t> values) {
    return Tensor::from<std::int32_t>({B, T}, values);
  };
  // The number of position t: block t / length, counted by `step`.
  const auto blocks = [](std::int64_t T, std::int64_t length, std::int32_t step) {
    Tensor t = Tensor::empty({1, T}, DType::kInt32);
    std::int32_t* p = t.data<std::int32_t>();
    for (std::int64_t i = 0; i < T; ++i) p[i] = 7 + std::int32_t(i / length) * step;
    return t;
  };
  constexpr std::int64_t kTile = cpu::kAttentionTile;

  add(2, 5, {2, 2, 4});
  add(1, 1, {1, 1, 3}).note("one position: out is its value");
  add(1, 9, {2, 1, 17}).note("a head of two vectors and a rest, shared by two query heads");
  add(1, 19, {4, 2, 6}).note("grouped heads");
  add(1, kTile + 3, {1, 1, 5}).note("a tile and three positions").border(kTile);
  add(1, 2 * kTile + 1, {1, 1, 2}).note("three tiles").border(kTile);
  add(1, 2, {1, 1, kTile + 2}).note("a head wider than a tile").border(kTile);
  add(2, 6, {2, 1, 3}, ids(2, 6, {4, 4, 9, 9, 9, 2, 1, 0, 1, 0, 0, 1}))
      .note("segments in one tile, unsorted and interleaved");
  add(2, 5, {2, 2, 3}, ids(2, 5, {0, 0, 3, -1, -1, -1, -1, -1, -1, -1}))
      .note("padding behind, and a row of nothing else");
  add(1, kTile + 5, {1, 1, 2}, blocks(kTile + 5, 33, 1))
      .note("segments across tiles")
      .border(kTile);
  add(1, 2 * kTile + 2, {1, 1, 2}, blocks(2 * kTile + 2, kTile, -3))
      .note("segments that fill tiles: pairs of tiles are skipped")
      .border(kTile);
  add(1, 7, {1, 1, 4}, {}, 6).note("scores of 100: almost one-hot");
  const Heads heads{2, 1, 3};
  list.add({randn({1, 4, 12})},
           [heads](const Inputs& in) {
             return pupil::add(causal_attention(in[0], heads), causal_attention(in[0], heads));
           })
      .note("used twice: the second gradient is added to the first");
  return list;
}

}  // namespace pupil
