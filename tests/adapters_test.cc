// DoRA, adapters on a quantised base, and several adapters on one base (sft/lora.h,
// sft/quantised_base.h): every gradient against differences, every merge against the unmerged
// model.
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/gradcheck.h"
#include "sft/lora.h"
#include "sft/quantised_base.h"
#include "sft/scoring.h"
#include "tensor/error.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

using small::difference;
using small::same_bits;

enum class Base { kFull, kNf4, kInt8 };
constexpr Base kBases[] = {Base::kFull, Base::kNf4, Base::kInt8};

Gpt model_on(Base base, std::uint64_t seed, DType dtype = DType::kFloat64) {
  Gpt gpt = small::model(small::config(), seed, dtype);
  if (base != Base::kFull) {
    quantise_base(gpt, base == Base::kNf4 ? Quantisation::kNf4 : Quantisation::kInt8);
  }
  return gpt;
}

LoraConfig config_of(bool dora, std::int64_t rank = 3, double alpha = 5) {
  LoraConfig config;
  config.rank = rank;
  config.alpha = alpha;
  config.dora = dora;
  return config;
}

// B = 0 hides A, and DoRA's first magnitudes are the norms; a trained adapter has others.
void train_a_little(Gpt& gpt, std::uint64_t seed = 9) {
  reset_sample_seed(seed);
  for (Linear* l : gpt.linears()) {
    if (!l->lora) continue;
    const Tensor b = randn(l->lora->b.shape());
    b.scale_(0.3);
    l->lora->b.value().copy_(b);
    if (l->lora->magnitude.defined()) {
      const Tensor change = randn(l->lora->magnitude.shape()).to(gpt.dtype());
      change.scale_(0.2);
      l->lora->magnitude.value().add_(change);
    }
  }
}

Batch some_batch() { return make_batch(small::examples(5, 1)); }

Tensor logits_of(const Gpt& gpt) {
  const NoGrad no_grad;
  Pass pass;
  return gpt.logits(gpt.hidden(some_batch().input, pass)).value();
}

// ---- gradients ----------------------------------------------------------------------------------

// One adapted linear map as a function of its input and everything that trains. DoRA's n is a
// constant for gradients, so it is one for the differences, too.
OpSample adapted_linear(Base base, bool dora, double dropout) {
  constexpr std::int64_t kIn = 7, kOut = 5, kRank = 3;
  Linear linear{"map", constant(randn({kIn, kOut})), constant(randn({kOut}))};
  if (base != Base::kFull) {
    linear.quantised = std::make_shared<const QuantisedMatrix>(tensor::quantise(
        linear.weight.value(), base == Base::kNf4 ? Quantisation::kNf4 : Quantisation::kInt8));
    linear.weight = Variable();
  }
  linear.lora = std::make_shared<Lora>();
  linear.lora->scale = 0.7;
  linear.lora->dropout = dropout;
  std::vector<Tensor> inputs{randn({2, 3, kIn}), randn({kRank, kIn}), randn({kOut, kRank})};
  linear.lora->a = constant(inputs[1]);
  linear.lora->b = constant(inputs[2]);
  if (dora) {
    inputs.push_back(rand_between({kOut}, 0.5, 2));
    linear.lora->norms = column_norms(linear);
  }
  Samples list;
  return list.add(inputs, [linear, dora](const Inputs& in) {
    Linear l = linear;
    l.lora = std::make_shared<Lora>(*linear.lora);
    l.lora->a = in[1];
    l.lora->b = in[2];
    if (dora) l.lora->magnitude = in[3];
    Pass pass{.training = true, .seed = 3};
    return l(in[0], pass);
  });
}

TEST(Adapters, GradientsAgreeWithDifferencesOnEveryBase) {
  for (const Base base : kBases) {
    for (const bool dora : {false, true}) {
      for (const double dropout : {0.0, 0.4}) {
        reset_sample_seed(11);
        const GradcheckResult r = gradcheck(adapted_linear(base, dora, dropout), 1);
        EXPECT_TRUE(r.passed) << "base " << int(base) << ", dora " << dora << ", dropout "
                              << dropout << ": " << r.message;
        EXPECT_GE(r.elements, 42 + 21 + 15);
      }
    }
  }
}

TEST(Adapters, TrainOnAQuantisedBaseWhoseCodesStayAsTheyWere) {
  for (const Base base : {Base::kNf4, Base::kInt8}) {
    Gpt gpt = model_on(base, 3);
    add_lora(gpt, config_of(false), 5);
    const Tensor codes = gpt.linears()[0]->quantised->codes;
    const std::vector<std::int32_t> before = codes.to_vector<std::int32_t>();
    ParameterArena arena(lora_parameters(gpt));
    AdamW optimizer(arena, {});
    const double first = optimizer_step(gpt, arena, optimizer, {{some_batch()}}, {}, 0.02).loss;
    double last = 0;
    for (int k = 0; k < 20; ++k) {
      last = optimizer_step(gpt, arena, optimizer, {{some_batch()}}, {}, 0.02).loss;
    }
    EXPECT_LT(last, 0.8 * first);
    EXPECT_EQ(codes.to_vector<std::int32_t>(), before);
  }
}

// ---- DoRA ---------------------------------------------------------------------------------------

TEST(Dora, StartsAsTheBaseModelBecauseItsMagnitudesAreTheNormsOfTheBase_B132) {
  for (const Base base : kBases) {
    Gpt gpt = model_on(base, 4);
    const Tensor before = logits_of(gpt);
    add_lora(gpt, config_of(true), 5);
    EXPECT_LE(difference(logits_of(gpt), before), 1e-12);
    for (const NamedParameter& p : lora_parameters(gpt)) {
      for (const double x : p.variable->value().span<double>()) ASSERT_TRUE(std::isfinite(x));
    }
  }
}

// W' = (W + s (B A)^T) diag(m / n), written out: column o of W' has the length m_o.
TEST(Dora, GivesTheColumnsOfTheMergedWeightTheLengthsOfTheMagnitudes_B126) {
  Gpt gpt = model_on(Base::kFull, 5);
  add_lora(gpt, config_of(true), 5);
  train_a_little(gpt);
  merge_lora(gpt);
  for (const Linear* l : gpt.linears()) {
    const Tensor w = l->weight.value(), m = l->lora->magnitude.value();
    for (std::int64_t o = 0; o < l->out(); ++o) {
      double sum = 0;
      for (std::int64_t i = 0; i < l->in(); ++i) {
        sum += std::pow(w.data<double>()[i * l->out() + o], 2);
      }
      ASSERT_NEAR(std::sqrt(sum), std::abs(m.data<double>()[o]), 1e-12) << l->name;
    }
  }
}

// A difference quotient would find the gradient through n right, too; the method leaves it out.
TEST(Dora, TakesTheNormsAsConstantsForGradients) {
  for (const Base base : kBases) {
    Gpt gpt = model_on(base, 5);
    add_lora(gpt, config_of(true), 5);
    train_a_little(gpt);
    const auto live = small::gradients_of(gpt, lora_parameters(gpt), {some_batch()});
    for (Linear* l : gpt.linears()) l->lora->norms = column_norms(*l);
    const auto held = small::gradients_of(gpt, lora_parameters(gpt), {some_batch()});
    for (std::size_t i = 0; i < live.names.size(); ++i) {
      EXPECT_TRUE(same_bits(live.gradients[i], held.gradients[i])) << live.names[i];
    }
  }
}

TEST(Lora, SettledIsTheSameFunctionBitForBit) {
  Gpt gpt = model_on(Base::kFull, 6);
  LoraConfig config = config_of(true);
  config.special_ids = {2, 11};
  add_lora(gpt, config, 5);
  train_a_little(gpt);
  gpt.special_rows.rows.value().scale_(2);
  const Tensor before = logits_of(gpt);
  settle_lora(gpt);
  EXPECT_TRUE(same_bits(logits_of(gpt), before));
}

// ---- merging ------------------------------------------------------------------------------------

TEST(Merge, IsTheUnmergedModelAndUnmergingRestoresEveryBitOnEveryBase_B124_B126) {
  for (const Base base : kBases) {
    for (const bool dora : {false, true}) {
      Gpt gpt = model_on(base, 7);
      add_lora(gpt, config_of(dora), 5);
      train_a_little(gpt);
      const Tensor unmerged = logits_of(gpt);
      merge_lora(gpt);
      const Tensor merged = logits_of(gpt);
      EXPECT_LE(difference(merged, unmerged), 1e-12) << "not quantised again";
      merge_lora(gpt);
      EXPECT_TRUE(same_bits(logits_of(gpt), merged));
      unmerge_lora(gpt);
      EXPECT_TRUE(same_bits(logits_of(gpt), unmerged));
      fold_lora(gpt);
      dequantise_base(gpt);
      EXPECT_LE(difference(logits_of(gpt), unmerged), 1e-12);
      for (const Linear* l : gpt.linears()) EXPECT_TRUE(l->weight.defined() && !l->quantised);
    }
  }
}

TEST(Merge, InFloat32AgreesToItsPrecisionAndLeavesTheAdapterAsItWas_B123) {
  for (const bool dora : {false, true}) {
    Gpt gpt = model_on(Base::kFull, 8, DType::kFloat32);
    add_lora(gpt, config_of(dora), 5);
    train_a_little(gpt);
    std::vector<Tensor> adapter;
    for (const NamedParameter& p : lora_parameters(gpt)) {
      EXPECT_EQ(p.variable->dtype(), DType::kFloat32);
      adapter.push_back(p.variable->value().clone());
    }
    const Tensor unmerged = logits_of(gpt);
    merge_lora(gpt);
    EXPECT_LE(difference(logits_of(gpt), unmerged), 2e-5);
    unmerge_lora(gpt);
    std::size_t i = 0;
    for (const NamedParameter& p : lora_parameters(gpt)) {
      EXPECT_TRUE(same_bits(p.variable->value(), adapter[i++])) << p.name;
    }
  }
}

TEST(Lora, TwiceTheRankWithTwiceTheAlphaKeepsTheScale_B135) {
  for (const std::int64_t rank : {1, 4, 32}) {
    EXPECT_EQ(config_of(false, 2 * rank, 10).scale(), config_of(false, rank, 5).scale());
    EXPECT_NE(config_of(false, 2 * rank, 5).scale(), config_of(false, rank, 5).scale());
  }
}

// ---- several adapters on one base ---------------------------------------------------------------

TEST(SharedBase, AdaptersOnOneBaseDoNotMeet_B122) {
  const Gpt base = model_on(Base::kFull, 10);
  const Tensor plain = logits_of(base);
  Gpt first = base.share(), second = base.share();
  LoraConfig with_norm = config_of(true);
  with_norm.targets = {"c_fc"};
  with_norm.modules_to_save = {"ln_f", "wte"};
  with_norm.special_ids = {2};
  LoraConfig grown = config_of(false);
  add_lora(first, grown, 5);
  const Tensor at_start = logits_of(first);
  second.grow_vocabulary(15);
  add_lora(second, with_norm, 6);
  EXPECT_TRUE(same_bits(at_start, plain));

  std::vector<std::string> trained;
  for (const NamedParameter& p : lora_parameters(first)) trained.push_back(p.name);
  train_a_little(first, 1);
  train_a_little(second, 2);
  second.ln_f.weight.value().scale_(3);
  const Tensor one = logits_of(first), two = logits_of(second);
  EXPECT_EQ(two.shape().back(), 15);
  merge_lora(second);
  EXPECT_TRUE(same_bits(logits_of(first), one)) << "merging one adapter moves no other";
  unmerge_lora(second);
  fold_lora(first);
  EXPECT_TRUE(same_bits(logits_of(second), two));
  EXPECT_TRUE(same_bits(logits_of(base), plain)) << "the base is what it was";

  Gpt again = base.share();
  add_lora(again, grown, 5);
  std::vector<std::string> same;
  for (const NamedParameter& p : lora_parameters(again)) same.push_back(p.name);
  EXPECT_EQ(same, trained) << "what trains does not depend on the adapters beside";
}

// ---- the head -----------------------------------------------------------------------------------

TEST(Lora, OnAnEmbeddingOrTheHeadThatShareOneMatrixIsRefused_B130) {
  for (const char* table : {"wte", "lm_head", "transformer.wpe"}) {
    Gpt gpt = model_on(Base::kFull, 11);
    LoraConfig config = config_of(false);
    config.targets = {"c_attn", table};
    EXPECT_THROW(add_lora(gpt, config, 1), UsageError) << table;
    config.targets.clear();
    config.target_pattern = ".*(" + std::string(table) + ")|.*c_fc";
    EXPECT_THROW(add_lora(gpt, config, 1), UsageError) << table;
  }
}

// The fused loss reads the head through the same door as the logits do.
TEST(Lora, TheFusedLossIsTheLossOfTheLogitsWithEveryPlacementOfWhatTrains_B134) {
  for (const std::string saved : {"", "wte", "ln_f", "lm_head"}) {
    GptConfig shape = small::config();
    shape.tied_head = saved != "lm_head";
    Gpt gpt = small::model(shape, 12);
    LoraConfig config = config_of(false);
    if (saved.empty()) {
      config.special_ids = {1, 7};
    } else {
      config.modules_to_save = {saved};
    }
    add_lora(gpt, config, 5);
    train_a_little(gpt);
    for (const NamedParameter& p : lora_parameters(gpt)) {
      if (p.name.find("lora_") == std::string::npos) p.variable->value().scale_(1.5);
    }
    const Batch batch = some_batch();
    const NoGrad no_grad;
    Pass pass;
    const double fused = loss_sum(gpt, batch, pass).sum.value().item();
    const Variable logits = gpt.logits(gpt.hidden(batch.input, pass));
    EXPECT_NEAR(masked_cross_entropy(logits, batch.targets).value().item(), fused,
                1e-10 * std::abs(fused))
        << saved;
  }
}

}  // namespace
}  // namespace pupil
