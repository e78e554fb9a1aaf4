// Rung 6 of the ladder (docs/verification.md): the gradient of a whole model along one random
// direction through all its parameters, against a difference quotient, in f64; and the Taylor
// remainder, which needs no choice of a step.
#include <gtest/gtest.h>

#include <memory>

#include "autograd/gradcheck.h"
#include "sft/lora.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

using Loss = std::function<Variable(const Gpt&)>;

struct Experiment {
  std::shared_ptr<Gpt> gpt;
  std::vector<NamedParameter> trained;
  Loss loss;
};

// A sample whose inputs are what is added to the N parameters, in units of length / sqrt(N): a
// random direction then has about that length, however large the model, and the steps of the checks
// stay where the Taylor series converges.
OpSample around_parameters(const Experiment& e, double length) {
  std::vector<Tensor> start, zero;
  std::int64_t count = 0;
  for (const NamedParameter& p : e.trained) {
    start.push_back(p.variable->value());
    zero.push_back(Tensor::zeros(p.variable->shape(), DType::kFloat64));
    count += p.variable->value().numel();
  }
  const double unit = length / std::sqrt(double(count));
  Samples list;
  return list.add(zero, [e, start, unit](const Inputs& in) {
    for (std::size_t i = 0; i < in.size(); ++i) {
      *e.trained[i].variable = add(constant(start[i]), scale(in[i], unit));
    }
    return e.loss(*e.gpt);
  });
}

void expect_right_gradient(const Experiment& experiment, const std::string& what) {
  const OpSample near = around_parameters(experiment, 1);
  const OpSample nearer = around_parameters(experiment, 0.1);
  for (const std::uint64_t seed : {1, 2}) {
    const GradcheckResult r = gradcheck_direction(near, seed);
    EXPECT_TRUE(r.passed) << what << ": " << r.message;
    EXPECT_GT(std::abs(r.numeric), 1e-5) << what << ": a direction without slope shows nothing";
    EXPECT_GT(taylor_slope(nearer, seed), 1.9) << what;
  }
}

std::string name_of(const GptConfig& c) {
  return std::string(c.norm == NormKind::kLayer ? "layer norm" : "rms norm") +
         (c.positions == PositionKind::kLearned   ? ", learned"
          : c.rope_form == RopeForm::kInterleaved ? ", rope interleaved"
                                                  : ", rope half") +
         ", mlp " + std::to_string(int(c.mlp)) + (c.tied_head ? ", tied" : ", untied") +
         (c.bias ? ", bias" : ", no bias") + ", " + std::to_string(c.kv_heads()) + " kv heads";
}

// Every combination of the model's options.
std::vector<GptConfig> all_configs() {
  std::vector<GptConfig> list;
  for (const NormKind norm : {NormKind::kLayer, NormKind::kRms}) {
    for (const int position : {0, 1, 2}) {
      for (const MlpKind mlp : {MlpKind::kGeluTanh, MlpKind::kGeluErf, MlpKind::kSwiglu}) {
        for (const int bits : {0, 1, 2, 3, 4, 5, 6, 7}) {
          GptConfig c = small::config();
          c.n_head = 4;
          c.norm = norm;
          c.positions = position ? PositionKind::kRope : PositionKind::kLearned;
          c.rope_form = position == 1 ? RopeForm::kHalfSplit : RopeForm::kInterleaved;
          c.rope_theta = 50;
          c.mlp = mlp;
          c.tied_head = bits & 1;
          c.bias = bits & 2;
          c.n_kv_head = bits & 4 ? 2 : 4;
          list.push_back(c);
        }
      }
    }
  }
  return list;
}

// Packed records, padding on both sides of the rows, rows without targets.
Batch some_batch(unsigned seed) {
  std::vector<Example> list = small::examples(4, seed);
  small::Random random(seed + 1);
  Example packed = small::example(random, 9, 0.7);
  packed.segments = {3, 3, 3, 3, 1, 1, 1, 7, 7};
  packed.positions = {0, 1, 2, 3, 0, 1, 2, 0, 1};
  drop_targets_across_segments(packed);
  list.push_back(packed);
  return make_batch(list, seed % 2 ? PadSide::kLeft : PadSide::kRight);
}

Loss sft_loss(const Batch& batch, double label_smoothing = 0) {
  return [=](const Gpt& gpt) {
    Pass pass;
    return scale(loss_sum(gpt, batch, pass, label_smoothing).sum, 1.0 / double(batch.n_targets));
  };
}

TEST(ModelGradcheck, LogitsOfEveryCombinationOfOptions) {
  unsigned seed = 0;
  for (const GptConfig& config : all_configs()) {
    const auto gpt = std::make_shared<Gpt>(small::model(config, ++seed));
    const GptInput input = some_batch(seed).input;
    const Loss logits = [input](const Gpt& gpt) {
      Pass pass;
      return gpt.logits(gpt.hidden(input, pass));
    };
    expect_right_gradient({gpt, gpt->parameters(), logits}, name_of(config));
  }
}

TEST(ModelGradcheck, SftLossOfEveryCombinationOfOptions) {
  unsigned seed = 500;
  for (const GptConfig& config : all_configs()) {
    const auto gpt = std::make_shared<Gpt>(small::model(config, ++seed));
    const double smoothing = seed % 3 ? 0.1 : 0;
    expect_right_gradient({gpt, gpt->parameters(), sft_loss(some_batch(seed), smoothing)},
                          name_of(config));
  }
}

TEST(ModelGradcheck, SftLossWithDropoutOfOneStream) {
  GptConfig config = small::config();
  config.dropout = 0.3;
  const auto gpt = std::make_shared<Gpt>(small::model(config, 7));
  const Batch batch = some_batch(8);
  const Loss loss = [batch](const Gpt& gpt) {
    Pass pass{.training = true, .seed = 5, .stream = 1 << 20};
    return loss_sum(gpt, batch, pass).sum;
  };
  expect_right_gradient({gpt, gpt->parameters(), loss}, "dropout");
}

TEST(ModelGradcheck, SftLossAcrossTilesOfAttentionAndChunksOfTheHead) {
  GptConfig config = small::config();
  config.context = 67;
  config.vocab_size = 5000;  // chunks of 128 rows
  config.n_layer = 1;
  const auto gpt = std::make_shared<Gpt>(small::model(config, 9));
  small::Random random(3);
  const Batch batch = make_batch(std::vector<Example>{small::example(random, 67, 1, 5000),
                                                      small::example(random, 67, 1, 5000)});
  ASSERT_GT(batch.n_targets, 128);
  expect_right_gradient({gpt, gpt->parameters(), sft_loss(batch)}, "67 positions");
}

TEST(ModelGradcheck, LoraOnEveryLinearMapWithSpecialRowsAndASavedModule) {
  for (const bool tied : {true, false}) {
    GptConfig config = small::config();
    config.tied_head = tied;
    config.n_kv_head = 1;
    const auto gpt = std::make_shared<Gpt>(small::model(config, 11));
    LoraConfig lora;
    lora.rank = 3;
    lora.alpha = 5;
    lora.rslora = tied;
    lora.modules_to_save = {"ln_f"};
    if (!tied) lora.modules_to_save.push_back("wte");  // its replaced rows get no gradient
    lora.special_ids = {2, 7};
    if (!tied) lora.special_head_ids = {7, 1, 3};
    add_lora(*gpt, lora, 1);
    reset_sample_seed(4);
    for (Linear* linear : gpt->linears()) {  // B = 0 would hide A
      const Tensor b = randn(linear->lora->b.shape());
      b.scale_(0.3);
      linear->lora->b.value().copy_(b);
    }
    const auto trained = lora_parameters(*gpt);
    ASSERT_EQ(trained.size(), 2u * 8 + 1 + (tied ? 2 : 4));
    expect_right_gradient({gpt, trained, sft_loss(some_batch(12))}, "lora");
  }
}

}  // namespace
}  // namespace pupil
