#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "autograd/gradcheck.h"
#include "autograd/node.h"
#include "autograd/operations.h"
#include "autograd/sample.h"
#include "kernels/attention.h"
#include "kernels/parallel.h"
#include "tensor/attention.h"
#include "tensor/error.h"
#include "tensor/shapes.h"

namespace pupil {
namespace {

constexpr DType kF64 = DType::kFloat64;

// Largest difference, relative to the largest value of `expected`.
double distance(const Tensor& got, const Tensor& expected) {
  EXPECT_EQ(got.shape(), expected.shape());
  const Tensor a = got.to(kF64), b = expected.to(kF64);
  double worst = 0, largest = 1e-300;
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const double x = a.data<double>()[i], y = b.data<double>()[i];
    if (!(std::abs(x - y) <= worst)) worst = std::abs(x - y);  // keeps a NaN
    largest = std::max(largest, std::abs(y));
  }
  return worst / largest;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.bytes() == b.bytes() &&
         std::memcmp(a.storage()->data(), b.storage()->data(), a.bytes()) == 0;
}

Tensor segments_of(const Shape& shape, const std::vector<std::int32_t>& values) {
  return Tensor::from<std::int32_t>(shape, values);
}

Tensor poison(const Shape& shape, DType dtype) {
  return Tensor::full(shape, std::numeric_limits<double>::quiet_NaN(), dtype);
}

struct Result {
  Tensor out, dqkv;
};

Result run(const OpFunction& function, const Tensor& qkv) {
  const Variable x = parameter(qkv.clone());
  const Variable y = function({x});
  reset_sample_seed(5);
  backward(y, randn(y.shape()).to(qkv.dtype()));
  return {y.value(), x.grad()};
}

Result run(const Tensor& qkv, Heads heads, const Tensor& segments = {}) {
  return run([&](const Inputs& in) { return causal_attention(in[0], heads, segments); }, qkv);
}

TEST(CausalAttention, GradientIsTheDifferenceQuotient) {
  for (const OpSample& sample : samples_causal_attention()) {
    const GradcheckResult result = gradcheck(sample);
    EXPECT_TRUE(result.passed) << result.message;
  }
}

TEST(CausalAttention, IsItsComposition) {
  for (const OpSample& sample : samples_causal_attention()) {
    if (!sample.twin) continue;
    const Result fused = run(sample.function, sample.inputs[0]);
    const Result composed = run(sample.twin, sample.inputs[0]);
    EXPECT_LE(distance(fused.out, composed.out), 1e-12) << sample.text;
    EXPECT_LE(distance(fused.dqkv, composed.dqkv), 1e-12) << sample.text;
  }
}

TEST(CausalAttention, Float32FollowsFloat64) {
  for (const OpSample& sample : samples_causal_attention()) {
    const Result exact = run(sample.function, sample.inputs[0]);
    const Result rough = run(sample.function, sample.inputs[0].to(DType::kFloat32));
    EXPECT_LE(distance(rough.out, exact.out), 1e-4) << sample.text;
    EXPECT_LE(distance(rough.dqkv, exact.dqkv), 1e-4) << sample.text;
  }
}

TEST(CausalAttention, EqualKeysGiveTheMeanOfTheValuesSoFar) {
  const std::int64_t T = 2 * cpu::kAttentionTile + 9;
  const Tensor qkv = randn({1, T, 3});
  for (std::int64_t t = 0; t < T; ++t) qkv.data<double>()[3 * t + 1] = 0.7;
  const Tensor out = tensor::causal_attention(qkv, Heads{1, 1, 1}, {}).out;
  double sum = 0;
  for (std::int64_t t = 0; t < T; ++t) {
    sum += qkv.data<double>()[3 * t + 2];
    EXPECT_NEAR(out.data<double>()[t], sum / double(t + 1), 1e-13) << "position " << t;
  }
}

TEST(CausalAttention, IsBitwiseTheSameForEveryNumberOfThreads) {
  const int before = threads();
  for (const DType dtype : {DType::kFloat32, kF64}) {
    const Tensor qkv = randn({3, 2 * cpu::kAttentionTile + 5, (4 + 2 * 2) * 20}).to(dtype);
    set_threads(1);
    const Result one = run(qkv, {4, 2, 20});
    set_threads(2);
    const Result two = run(qkv, {4, 2, 20});
    EXPECT_TRUE(same_bits(one.out, two.out));
    EXPECT_TRUE(same_bits(one.dqkv, two.dqkv));
  }
  set_threads(before);
}

TEST(CausalAttention, SegmentsOfARowAreSequencesOfTheirOwn) {
  const std::int64_t T = 150, width = 3 * 2 * 6;
  const std::vector<std::int64_t> lengths{40, 30, 79, 1};
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < lengths.size(); ++i) ids.insert(ids.end(), lengths[i], 5 - int(i));
  const Tensor qkv = randn({1, T, width});
  const Heads heads{2, 2, 6};
  const Tensor packed = tensor::causal_attention(qkv, heads, segments_of({1, T}, ids)).out;
  std::int64_t begin = 0;
  for (const std::int64_t length : lengths) {
    const Tensor alone = tensor::narrow(qkv, 1, begin, length);
    EXPECT_LE(distance(tensor::narrow(packed, 1, begin, length),
                       tensor::causal_attention(alone, heads, {}).out),
              1e-13);
    begin += length;
  }
}

TEST(CausalAttention, LaterPositionsChangeNothing) {
  const Tensor qkv = randn({1, 70, 3 * 8});
  const Tensor before = tensor::causal_attention(qkv, Heads{1, 1, 8}, {}).out.clone();
  for (std::int64_t i = 50 * 24; i < qkv.numel(); ++i) qkv.data<double>()[i] += 3;
  const Tensor after = tensor::causal_attention(qkv, Heads{1, 1, 8}, {}).out;
  EXPECT_EQ(distance(tensor::narrow(after, 1, 0, 50), tensor::narrow(before, 1, 0, 50)), 0);
  EXPECT_GT(distance(tensor::narrow(after, 1, 50, 20), tensor::narrow(before, 1, 50, 20)), 0.01);
}

TEST(CausalAttention, PaddingIsExactlyZeroAndChangesNothing) {
  const std::int64_t T = cpu::kAttentionTile + 10, length = cpu::kAttentionTile + 2;
  const Heads heads{2, 1, 4};
  std::vector<std::int32_t> ids(T, 1);
  std::fill(ids.begin() + length, ids.end(), -1);
  const Tensor qkv = randn({1, T, 16});
  const Result padded = run(qkv, heads, segments_of({1, T}, ids));
  for (const Tensor& t : {padded.out, padded.dqkv}) {
    const Tensor tail = tensor::narrow(t, 1, length, T - length);
    for (const double x : tail.span<double>()) EXPECT_EQ(x, 0);
  }
  const Tensor alone = tensor::causal_attention(tensor::narrow(qkv, 1, 0, length), heads, {}).out;
  EXPECT_LE(distance(tensor::narrow(padded.out, 1, 0, length), alone), 1e-13);
}

TEST(CausalAttention, StaysFiniteWithScoresOfTenThousand) {
  for (const DType dtype : {DType::kFloat32, kF64}) {
    Tensor qkv = randn({1, 80, 3 * 4}).to(dtype);
    qkv.scale_(100);
    const Result result = run(qkv, {1, 1, 4});
    for (const Tensor& t : {result.out, result.dqkv}) {
      const Tensor exact = t.to(kF64);
      for (const double x : exact.span<double>()) ASSERT_TRUE(std::isfinite(x));
    }
  }
}

TEST(CausalAttention, WritesAllOfItsOutputs) {
  const std::int64_t B = 2, T = 67, H = 3, K = 1, D = 5, width = (H + 2 * K) * D;
  const Tensor qkv = randn({B, T, width}), dout = randn({B, T, H * D});
  const Tensor out = poison({B, T, H * D}, kF64), lse = poison({B, H, T}, kF64);
  const cpu::AttentionShape shape{B, T, H, K, D};
  cpu::attention_forward<double>(out.view<double>(), lse.data<double>(), qkv.view<double>(), shape,
                                 nullptr);
  const auto [expected_out, expected_lse] = tensor::causal_attention(qkv, Heads{H, K, D}, {});
  EXPECT_TRUE(same_bits(out, expected_out));
  EXPECT_TRUE(same_bits(lse, expected_lse));

  const Tensor dqkv = poison(qkv.shape(), kF64), delta = poison(lse.shape(), kF64);
  const auto backward_into = [&](const Tensor& d, bool add) {
    cpu::attention_backward<double>(d.view<double>(), add, delta.data<double>(),
                                    dout.view<double>(), qkv.view<double>(), out.view<double>(),
                                    lse.data<double>(), shape, nullptr);
  };
  backward_into(dqkv, false);
  for (const double x : dqkv.span<double>()) ASSERT_TRUE(std::isfinite(x));
  const Tensor added = Tensor::full(qkv.shape(), 1, kF64);
  backward_into(added, true);
  for (std::int64_t i = 0; i < dqkv.numel(); ++i) {
    ASSERT_NEAR(added.data<double>()[i], 1 + dqkv.data<double>()[i], 1e-12);
  }
}

TEST(CausalAttention, KernelTouchesOnlyTheRowsOfItsViews) {
  const std::int64_t T = 9, width = 9, stride = width + 4;
  const Tensor packed = randn({1, T, width}), wide = poison({T, stride}, kF64);
  for (std::int64_t t = 0; t < T; ++t) {
    std::copy_n(packed.data<double>() + t * width, width, wide.data<double>() + t * stride);
  }
  const Tensor out = poison({T, 5}, kF64), lse = Tensor::empty({1, 1, T}, kF64);
  cpu::attention_forward<double>(View<double>{out.data<double>(), T, 3, 5}, lse.data<double>(),
                                 View<const double>{wide.data<double>(), T, width, stride},
                                 {1, T, 1, 1, 3}, nullptr);
  const Tensor expected = tensor::causal_attention(packed, Heads{1, 1, 3}, {}).out;
  for (std::int64_t t = 0; t < T; ++t) {
    for (int j = 0; j < 3; ++j) {
      EXPECT_EQ(out.data<double>()[t * 5 + j], expected.data<double>()[t * 3 + j]);
    }
    for (int j = 3; j < 5; ++j) EXPECT_TRUE(std::isnan(out.data<double>()[t * 5 + j]));
  }
}

// Copies positions [begin, end) of columns [column, column + width) of qkv to the cache's front.
Tensor cache_of(const Tensor& qkv, std::int64_t capacity, std::int64_t column, std::int64_t width) {
  const std::int64_t B = qkv.shape()[0], T = qkv.shape()[1];
  const Tensor part = tensor::narrow(qkv, 2, column, width);
  const Tensor cache = poison({B, capacity, width}, qkv.dtype());
  for (std::int64_t b = 0; b < B; ++b) {
    cache.reshape({B * capacity, width})
        .rows(b * capacity, b * capacity + T)
        .copy_(part.reshape({B * T, width}).rows(b * T, b * T + T));
  }
  return cache;
}

TEST(CausalAttentionCached, IsTheUncachedForwardOfTheLastPositions) {
  const std::int64_t B = 2, T = 137, capacity = 140, H = 4, K = 2, D = 7;
  const Heads heads{H, K, D};
  const Tensor qkv = randn({B, T, (H + 2 * K) * D});
  const Tensor full = tensor::causal_attention(qkv, heads, {}).out;
  const Tensor keys = cache_of(qkv, capacity, H * D, K * D);
  const Tensor values = cache_of(qkv, capacity, (H + K) * D, K * D);
  for (const std::int64_t fresh : {1, 3, 64, 70, 137}) {
    for (const std::int32_t length : {137, 129, 64}) {
      if (length < fresh) continue;
      // The second row of the batch is one position shorter where that is possible.
      const std::int32_t shorter = length > fresh ? length - 1 : length;
      const std::vector<std::int32_t> lengths{length, shorter};
      std::vector<Tensor> q, expected;
      for (std::int64_t b = 0; b < B; ++b) {
        const auto last = [&](const Tensor& t) {
          return tensor::narrow(t.rows(b, b + 1), 1, lengths[b] - fresh, fresh);
        };
        q.push_back(tensor::narrow(last(qkv), 2, 0, H * D));
        expected.push_back(last(full));
      }
      const Tensor got =
          tensor::causal_attention_cached(tensor::concat(q, 0), keys, values, lengths, heads);
      EXPECT_LE(distance(got, tensor::concat(expected, 0)), 1e-14) << fresh << " of " << length;
    }
  }
}

TEST(CausalAttentionCached, RefusesLengthsThatDoNotFit) {
  const Tensor q = randn({1, 2, 4}), cache = randn({1, 8, 4});
  const Heads heads{1, 1, 4};
  const auto call = [&](std::vector<std::int32_t> lengths) {
    return tensor::causal_attention_cached(q, cache, cache, lengths, heads);
  };
  EXPECT_NO_THROW(call({8}));
  EXPECT_THROW(call({9}), IndexError);
  EXPECT_THROW(call({1}), IndexError);
  EXPECT_THROW(call({4, 4}), ShapeError);
  EXPECT_THROW(tensor::causal_attention_cached(q, cache.to(DType::kFloat32), cache,
                                               std::vector<std::int32_t>{4}, heads),
               ShapeError);
}

TEST(CausalAttention, RefusesShapesThatDoNotFit) {
  const Variable qkv = constant(randn({2, 3, 12}));
  EXPECT_NO_THROW(causal_attention(qkv, {2, 1, 3}));
  EXPECT_THROW(causal_attention(qkv, {2, 2, 3}), ShapeError);
  EXPECT_THROW(causal_attention(qkv, {3, 2, 2}), ShapeError);
  EXPECT_THROW(causal_attention(qkv, {2, 1, 3}, segments_of({2, 2}, {0, 0, 0, 0})), ShapeError);
  EXPECT_THROW(causal_attention(qkv, {2, 1, 3}, randn({2, 3})), ShapeError);
}

}  // namespace
}  // namespace pupil
