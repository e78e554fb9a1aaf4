// Rows by number: laws, errors, and that backward touches only the rows it must.
#include <gtest/gtest.h>

#include <cmath>

#include "tensor/embedding.h"
#include "tensor/error.h"
#include "tests/op_laws.h"

namespace pupil {
namespace {

Tensor ids(std::initializer_list<std::int32_t> values) {
  return Tensor::from<std::int32_t>({std::int64_t(values.size())}, std::vector(values));
}

TEST(Embedding, ObeysTheLawsOfOperations) { laws::expect_lawful(samples_embedding); }
TEST(GatherRows, ObeysTheLawsOfOperations) { laws::expect_lawful(samples_gather_rows); }

TEST(Embedding, AddsRepeatedRowsInTheirOrder) {
  // 1e8 + 1 - 1e8 in f32 is 0 from left to right and 1 in any other order.
  const Variable weight = parameter(Tensor::zeros({3, 40}));
  Tensor upstream = Tensor::empty({3, 40});
  for (int j = 0; j < 40; ++j) {
    upstream.data<float>()[j] = 1e8f;
    upstream.data<float>()[40 + j] = 1;
    upstream.data<float>()[80 + j] = -1e8f;
  }
  backward(embedding(weight, ids({1, 1, 1})), upstream);
  for (const float g : weight.grad().to_vector<float>()) EXPECT_EQ(g, 0);
}

TEST(Embedding, LeavesOtherRowsOfAnExistingGradientAlone) {
  Tensor gradient = Tensor::full({4, 5}, NAN);
  gradient.rows(2, 3).fill_(1);
  tensor::scatter_rows_add(gradient, Tensor::full({2, 5}, 3), ids({2, 2}), 0.5);
  const auto g = gradient.to_vector<float>();
  for (int i = 0; i < 20; ++i) {
    if (i / 5 == 2) {
      EXPECT_EQ(g[i], 4);
    } else {
      EXPECT_TRUE(std::isnan(g[i])) << "row " << i / 5 << " was touched";
    }
  }
}

TEST(Embedding, NamesTheIdThatIsOutOfRange) {
  const Variable weight = constant(Tensor::zeros({4, 2}));
  for (const std::int32_t id : {4, -1}) {
    try {
      embedding(weight, ids({0, 3, id}));
      FAIL() << "id " << id << " was accepted";
    } catch (const IndexError& e) {
      EXPECT_NE(std::string(e.what()).find("id " + std::to_string(id) + " at position 2"),
                std::string::npos)
          << e.what();
    }
  }
  EXPECT_THROW(embedding(weight, Tensor::zeros({2})), DTypeError);
  EXPECT_THROW(gather_rows(constant(Tensor::scalar(1)), ids({0})), ShapeError);
}

TEST(Embedding, OfNoIdsIsEmptyAndGivesAZeroGradient) {
  const Variable weight = parameter(Tensor::full({3, 2}, NAN));
  const Variable y = embedding(weight, Tensor::empty({0}, DType::kInt32));
  EXPECT_EQ(y.shape().str(), "(0, 2)");
  backward(y, Tensor::empty({0, 2}));
  for (const float g : weight.grad().to_vector<float>()) EXPECT_EQ(g, 0);
}

}  // namespace
}  // namespace pupil
