// Identities of LoRA (sft/lora.h): at the start it is the base model, the base never moves, and an
// adapter folded into the weights is the same function.
#include <gtest/gtest.h>

#include <cmath>

#include "sft/lora.h"
#include "sft/module_names.h"
#include "sft/special_rows.h"
#include "tensor/error.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

using small::difference;
using small::same_bits;

Tensor logits_of(const Gpt& gpt, const Batch& batch) {
  const NoGrad no_grad;
  Pass pass;
  return gpt.logits(gpt.hidden(batch.input, pass)).value();
}

LoraConfig config_of(std::int64_t rank, double alpha, bool rslora = false) {
  LoraConfig config;
  config.rank = rank;
  config.alpha = alpha;
  config.rslora = rslora;
  return config;
}

Batch some_batch(unsigned seed = 1) { return make_batch(small::examples(5, seed)); }

// B = 0 at the start; a trained adapter has another.
void train_a_little(Gpt& gpt) {
  reset_sample_seed(9);
  for (Linear* linear : gpt.linears()) {
    const Tensor b = randn(linear->lora->b.shape());
    b.scale_(0.3);
    linear->lora->b.value().copy_(b);
  }
}

TEST(Lora, AtTheStartIsTheBaseModelBitForBit) {
  for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
    Gpt gpt = small::model(small::config(), 1, dtype);
    const Tensor before = logits_of(gpt, some_batch());
    add_lora(gpt, config_of(3, 8), 5);
    EXPECT_TRUE(same_bits(logits_of(gpt, some_batch()), before));
  }
}

TEST(Lora, AtTheStartOnlyBHasAGradientAndTheBaseHasNoMemoryForOne) {
  Gpt gpt = small::model(small::config(), 2);
  add_lora(gpt, config_of(3, 8), 5);
  const auto outcome = small::gradients_of(gpt, lora_parameters(gpt), {some_batch()});
  ASSERT_EQ(outcome.names.size(), 2u * 4 * 2);
  for (std::size_t i = 0; i < outcome.names.size(); ++i) {
    const bool is_b = outcome.names[i].ends_with("lora_B.weight");
    double largest = 0;
    for (const double g : outcome.gradients[i].span<double>()) {
      largest = std::max(largest, std::abs(g));
    }
    if (is_b) {
      EXPECT_GT(largest, 1e-3) << outcome.names[i];
    } else {
      EXPECT_EQ(largest, 0) << outcome.names[i];
    }
  }
  for (const NamedParameter& p : gpt.parameters()) {
    EXPECT_FALSE(p.variable->requires_grad()) << p.name;
    EXPECT_FALSE(p.variable->leaf()->grad.defined()) << p.name << " has a buffer";
  }
}

TEST(Lora, TrainingMovesTheAdapterAndNoBitOfTheBase) {
  Gpt gpt = small::model(small::config(), 3);
  add_lora(gpt, config_of(2, 4), 5);
  std::vector<Tensor> base;
  for (const NamedParameter& p : gpt.parameters()) base.push_back(p.variable->value().clone());
  ParameterArena arena(lora_parameters(gpt));
  AdamW optimizer(arena, {.weight_decay = 0.1});
  const double first = optimizer_step(gpt, arena, optimizer, {{some_batch()}}, {}, 0.02).loss;
  double last = 0;
  for (int k = 0; k < 20; ++k) {
    last = optimizer_step(gpt, arena, optimizer, {{some_batch()}}, {}, 0.02).loss;
  }
  EXPECT_LT(last, 0.8 * first);
  std::size_t i = 0;
  for (const NamedParameter& p : gpt.parameters()) {
    EXPECT_TRUE(same_bits(p.variable->value(), base[i++])) << p.name;
  }
}

TEST(Lora, TheScaleIsAlphaOverRankOrOverItsRoot_B118) {
  EXPECT_EQ(config_of(4, 8).scale(), 2);
  EXPECT_EQ(config_of(16, 8).scale(), 0.5);
  EXPECT_EQ(config_of(4, 8, true).scale(), 4);
  EXPECT_EQ(config_of(16, 8, true).scale(), 2);
  for (const bool rslora : {false, true}) {
    Gpt gpt = small::model(small::config(), 4);
    add_lora(gpt, config_of(4, 6, rslora), 5);
    EXPECT_EQ(gpt.linears()[0]->lora->scale, rslora ? 3 : 1.5);
  }
}

// y = x (W + s (B A)^T) + b, written out.
TEST(Lora, AddsTheScaledProductToTheWeight) {
  Gpt gpt = small::model(small::config(), 5), plain = small::model(small::config(), 5);
  add_lora(gpt, config_of(3, 5), 5);
  train_a_little(gpt);
  const auto adapted = gpt.linears(), linears = plain.linears();
  for (std::size_t l = 0; l < linears.size(); ++l) {
    const Tensor a = adapted[l]->lora->a.value(), b = adapted[l]->lora->b.value();
    const Tensor w = linears[l]->weight.value();
    const std::int64_t in = w.shape()[0], out = w.shape()[1];
    ASSERT_EQ(a.shape(), (Shape{3, in}));
    ASSERT_EQ(b.shape(), (Shape{out, 3}));
    for (std::int64_t i = 0; i < in; ++i) {
      for (std::int64_t o = 0; o < out; ++o) {
        for (int r = 0; r < 3; ++r) {
          w.data<double>()[i * out + o] +=
              5.0 / 3 * a.data<double>()[r * in + i] * b.data<double>()[o * 3 + r];
        }
      }
    }
  }
  EXPECT_LE(difference(logits_of(gpt, some_batch()), logits_of(plain, some_batch())), 1e-12);
}

TEST(Lora, MergedIsUnmergedAndMergingTwiceIsOnceAndUnmergingRestoresEveryBit_B117) {
  Gpt gpt = small::model(small::config(), 6);
  LoraConfig config = config_of(3, 5);
  config.special_ids = {1, 12};
  add_lora(gpt, config, 5);
  train_a_little(gpt);
  gpt.special_rows.rows.value().copy_(randn(gpt.special_rows.rows.shape()));
  const Batch batch = some_batch();
  std::vector<Tensor> before;
  for (const NamedParameter& p : gpt.parameters()) before.push_back(p.variable->value().clone());
  const Tensor unmerged = logits_of(gpt, batch);

  merge_lora(gpt);
  const Tensor merged = logits_of(gpt, batch);
  EXPECT_LE(difference(merged, unmerged), 1e-12);
  EXPECT_FALSE(same_bits(gpt.linears()[0]->weight.value(), before[2]));
  merge_lora(gpt);
  EXPECT_TRUE(same_bits(logits_of(gpt, batch), merged));

  unmerge_lora(gpt);
  std::size_t i = 0;
  for (const NamedParameter& p : gpt.parameters()) {
    EXPECT_TRUE(same_bits(p.variable->value(), before[i++])) << p.name;
  }
  EXPECT_TRUE(same_bits(logits_of(gpt, batch), unmerged));
  unmerge_lora(gpt);
  EXPECT_TRUE(same_bits(logits_of(gpt, batch), unmerged));

  fold_lora(gpt);
  EXPECT_EQ(gpt.linears()[0]->lora, nullptr);
  EXPECT_TRUE(gpt.special_rows.ids.empty());
  EXPECT_LE(difference(logits_of(gpt, batch), unmerged), 1e-12);
}

TEST(Lora, SpecialRowsTrainAndTheOtherRowsOfEmbeddingAndHeadDoNot_B131) {
  for (const bool tied : {true, false}) {
    GptConfig shape = small::config();
    shape.tied_head = tied;
    Gpt gpt = small::model(shape, 7);
    LoraConfig config = config_of(2, 4);
    add_lora(gpt, config, 5);
    train_special_rows(gpt, config, std::vector<std::int32_t>{4, 9});
    EXPECT_EQ(config.special_ids, (std::vector<std::int32_t>{4, 9}));
    EXPECT_EQ(config.special_head_ids.size(), tied ? 0u : 2u);
    const Tensor table = gpt.token_embedding().value().clone(),
                 head = gpt.head_weight().value().clone();
    const Batch batch = make_batch(std::vector<Example>{{{4, 9, 2, 5}, {9, 2, 5, 1}, {}, {}}});
    ParameterArena arena(lora_parameters(gpt));
    AdamW optimizer(arena, {});
    for (int k = 0; k < 3; ++k) {
      optimizer_step(gpt, arena, optimizer, {{batch}}, {}, 0.05);
    }
    const Tensor after = gpt.token_embedding().value(), head_after = gpt.head_weight().value();
    for (std::int64_t id = 0; id < 13; ++id) {
      const bool frozen = id != 4 && id != 9;
      EXPECT_EQ(same_bits(after.rows(id, id + 1), table.rows(id, id + 1)), frozen) << id;
      EXPECT_EQ(same_bits(head_after.rows(id, id + 1), head.rows(id, id + 1)), frozen) << id;
    }
    const Tensor logits = logits_of(gpt, some_batch());
    fold_lora(gpt);
    EXPECT_LE(difference(logits_of(gpt, some_batch()), logits), 1e-12);
  }
}

TEST(Lora, MoreSpecialRowsLeaveTheTrainedOnesAsTheyAre) {
  Gpt gpt = small::model(small::config(), 7);
  LoraConfig config = config_of(2, 4);
  config.special_ids = {4, 9};
  add_lora(gpt, config, 5);
  gpt.special_rows.rows.value().copy_(randn(gpt.special_rows.rows.shape()));
  const Tensor before = gpt.token_embedding().value().clone();
  train_special_rows(gpt, config, std::vector<std::int32_t>{9, 2, 2});
  EXPECT_EQ(config.special_ids, (std::vector<std::int32_t>{4, 9, 2}));
  EXPECT_TRUE(same_bits(gpt.token_embedding().value(), before));
  EXPECT_THROW(train_special_rows(gpt, config, std::vector<std::int32_t>{13}), UsageError);
}

TEST(Lora, MatchesAWholeNameOrItsEndBehindADot) {
  EXPECT_TRUE(name_matches("transformer.h.0.attn.c_proj", "c_proj"));
  EXPECT_TRUE(name_matches("transformer.h.0.attn.c_proj", "attn.c_proj"));
  EXPECT_TRUE(name_matches("c_proj", "c_proj"));
  EXPECT_FALSE(name_matches("transformer.h.0.attn.xc_proj", "c_proj"));
  EXPECT_FALSE(name_matches("transformer.h.0.attn.c_proj", "proj"));
  Gpt gpt = small::model(small::config(), 8);
  LoraConfig config;
  config.targets = {"attn.c_proj"};
  add_lora(gpt, config, 1);
  EXPECT_EQ(lora_parameters(gpt).size(), 2u * 2);
}

}  // namespace
}  // namespace pupil
