// Laws of the whole model that no difference quotient can see: what a position may not know of
// others, what a row of packed documents must equal, and that neither threads nor the arena change
// what is computed.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "kernels/attention.h"
#include "kernels/parallel.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

using small::gradients_of;
using small::same_bits;
using small::whole;

Tensor logits_of(const Gpt& gpt, const GptInput& input) {
  const NoGrad no_grad;
  Pass pass;
  return gpt.logits(gpt.hidden(input, pass)).value();
}

Tensor ids_row(const std::vector<std::int32_t>& ids) {
  return Tensor::from<std::int32_t>({1, std::int64_t(ids.size())}, ids);
}

std::vector<std::int32_t> random_row(int length, unsigned seed) {
  small::Random random(seed);
  return small::example(random, length, 0).ids;
}

// Longer than two tiles of attention; positions both learned and rotary.
std::vector<GptConfig> long_configs() {
  GptConfig learned = small::config();
  learned.context = 2 * cpu::kAttentionTile + 5;
  GptConfig rope = learned;
  rope.positions = PositionKind::kRope;
  rope.norm = NormKind::kRms;
  rope.n_kv_head = 1;
  rope.mlp = MlpKind::kSwiglu;
  return {learned, rope};
}

TEST(Model, ALaterIdChangesNoBitOfEarlierLogits) {
  for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
    for (const GptConfig& config : long_configs()) {
      const Gpt gpt = small::model(config, 1, dtype);
      auto ids = random_row(int(config.context), 2);
      const Tensor before = logits_of(gpt, {ids_row(ids)});
      for (const int at : {1, 63, 64, 65, 100, int(config.context) - 1}) {
        auto other = ids;
        other[at] = (other[at] + 1) % 13;
        const Tensor after = logits_of(gpt, {ids_row(other)});
        const Shape rows{config.context, 13};
        EXPECT_TRUE(same_bits(after.reshape(rows).rows(0, at), before.reshape(rows).rows(0, at)))
            << "position " << at;
        for (std::int64_t t = at; t < config.context; ++t) {  // and every later one sees it
          EXPECT_FALSE(
              same_bits(after.reshape(rows).rows(t, t + 1), before.reshape(rows).rows(t, t + 1)))
              << "position " << t << " does not see " << at;
        }
      }
    }
  }
}

TEST(Model, RotaryPositionsCountDistancesAlone) {
  GptConfig config = small::config();
  config.positions = PositionKind::kRope;
  config.rope_theta = 30;
  for (const RopeForm form : {RopeForm::kHalfSplit, RopeForm::kInterleaved}) {
    config.rope_form = form;
    const Gpt gpt = small::model(config, 13);
    GptInput input{ids_row(random_row(9, 14)), ids_row({0, 1, 2, 3, 4, 5, 6, 7, 8})};
    const Tensor before = logits_of(gpt, input);
    input.positions = ids_row({7, 8, 9, 10, 11, 12, 13, 14, 15});
    EXPECT_LE(small::difference(logits_of(gpt, input), before), 1e-12);
    input.positions = ids_row({0, 2, 3, 5, 6, 8, 9, 11, 12});
    EXPECT_GT(small::difference(logits_of(gpt, input), before), 1e-3) << "distances do count";
  }
}

// Three documents in one row; the border of a tile of attention lies inside the second.
struct Packed {
  Example row;
  std::vector<Example> alone;
};
Packed pack(unsigned seed) {
  small::Random random(seed);
  Packed packed;
  std::int32_t number = 4;
  for (const int length : {41, 37, 13}) {
    Example e = small::example(random, length, 0.6);
    e.targets.back() = kIgnoreIndex;
    packed.alone.push_back(e);
    for (int t = 0; t < length; ++t) {
      packed.row.ids.push_back(e.ids[t]);
      packed.row.targets.push_back(e.targets[t]);
      packed.row.positions.push_back(t);
      packed.row.segments.push_back(number);
    }
    number -= 2;
  }
  packed.row.records = 3;
  return packed;
}

TEST(Model, ARowOfSegmentsIsItsDocumentsApart_B73) {
  for (const GptConfig& config : long_configs()) {
    Gpt gpt = small::model(config, 3);
    const Packed packed = pack(4);
    for (const auto kind : {Normaliser::Kind::kTokens, Normaliser::Kind::kExamples}) {
      const StepOptions options{.normaliser = {kind}};
      EXPECT_SAME_OUTCOME(gradients_of(gpt, whole({packed.row}), options),
                          gradients_of(gpt, whole(packed.alone), options), 1e-12);
    }
  }
}

TEST(Model, ADocumentChangesNoBitOfItsNeighboursInARow_B70) {
  for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
    for (const GptConfig& config : long_configs()) {
      const Gpt gpt = small::model(config, 5, dtype);
      Packed packed = pack(6);
      const auto logits = [&] {
        return logits_of(gpt, make_batch(std::span(&packed.row, 1)).input).reshape({91, 13});
      };
      const Tensor before = logits();
      for (int t = 41; t < 78; ++t) packed.row.ids[t] = (packed.row.ids[t] + 3) % 13;
      const Tensor after = logits();
      EXPECT_TRUE(same_bits(after.rows(0, 41), before.rows(0, 41)));
      EXPECT_FALSE(same_bits(after.rows(41, 78), before.rows(41, 78)));
      EXPECT_TRUE(same_bits(after.rows(78, 91), before.rows(78, 91)));
    }
  }
}

TEST(Batch, DropsTheTargetInFrontOfEveryNewSegment) {
  Example row{{1, 2, 3, 4, 5, 6}, {2, 3, 4, 5, 6, kIgnoreIndex}, {}, {9, 9, 1, 1, 9, 9}};
  drop_targets_across_segments(row);
  EXPECT_EQ(row.targets,
            (std::vector<std::int32_t>{2, kIgnoreIndex, 4, kIgnoreIndex, 6, kIgnoreIndex}));
}

// ---- training -----------------------------------------------------------------------------------

// The weights after five steps with dropout, clipping and decay.
Tensor trained(const GptConfig& config, int thread_count) {
  const int before = threads();
  set_threads(thread_count);
  Gpt gpt(config, 7);
  ParameterArena arena(gpt.parameters());
  AdamW optimizer(arena, {.weight_decay = 0.1});
  small::Random random(8);
  for (int k = 0; k < 5; ++k) {
    std::vector<Example> examples;
    for (int i = 0; i < 4; ++i) {
      examples.push_back(small::example(random, small::draw(random, 40, 133), 0.7));
    }
    optimizer_step(gpt, arena, optimizer, small::cut(examples, {3, 1}),
                   {.clip = 0.5, .dropout_seed = 3}, 0.01);
  }
  set_threads(before);
  return arena.values();
}

TEST(Training, GivesTheSameBitsForOneAndTwoThreads) {
  for (GptConfig config : long_configs()) {
    config.n_embd = 48;
    config.dropout = 0.1;
    const Tensor one = trained(config, 1);
    EXPECT_TRUE(same_bits(trained(config, 2), one));
    EXPECT_TRUE(same_bits(trained(config, 1), one)) << "two runs differ";
  }
}

// AdamW as Loshchilov and Hutter write it (2019, algorithm 2), one number at a time.
struct NaiveAdamW {
  std::vector<double> m, v;
  int t = 0;

  void step(std::vector<double>& weight, const std::vector<double>& gradient, double lr,
            double decay, double eps) {
    m.resize(weight.size()), v.resize(weight.size()), ++t;
    for (std::size_t i = 0; i < weight.size(); ++i) {
      m[i] = 0.9 * m[i] + 0.1 * gradient[i];
      v[i] = 0.999 * v[i] + 0.001 * gradient[i] * gradient[i];
      const double m_hat = m[i] / (1 - std::pow(0.9, t)), v_hat = v[i] / (1 - std::pow(0.999, t));
      weight[i] -= lr * (m_hat / (std::sqrt(v_hat) + eps) + decay * weight[i]);
    }
  }
};

TEST(Training, OverAnArenaIsAdamWOnEveryParameterAlone) {
  for (const bool decay_all : {false, true}) {
    for (const double eps : {1e-8, 1e-2}) {
      Gpt gpt = small::model(small::config(), 9);
      ParameterArena arena(gpt.parameters(), decay_all);
      AdamW optimizer(arena, {.eps = eps, .weight_decay = 0.2});
      std::map<std::string, NaiveAdamW> naive;
      for (int k = 0; k < 6; ++k) {
        const double lr = 0.01 * (k + 1);
        const auto step = small::cut(small::examples(6, 10 + unsigned(k)), {4, 2});
        std::map<std::string, std::vector<double>> weights;
        for (const auto& part : arena.parts()) {
          weights[part.name] = part.variable.value().to_vector<double>();
        }
        optimizer_step(gpt, arena, optimizer, step, {.clip = 0.5}, lr);

        double squares = 0;
        for (const auto& part : arena.parts()) {
          for (const double g : part.variable.grad().span<double>()) squares += g * g;
        }
        const double factor = std::min(1.0, 0.5 / (std::sqrt(squares) + 1e-6));
        EXPECT_LT(factor, 1) << "nothing was clipped: this step shows less";
        for (const auto& part : arena.parts()) {
          auto gradient = part.variable.grad().to_vector<double>();
          for (double& g : gradient) g *= factor;
          const bool decays = decay_all || part.variable.shape().rank() > 1;
          naive[part.name].step(weights[part.name], gradient, lr, decays ? 0.2 : 0, eps);
          const Tensor want = Tensor::from<double>(part.variable.shape(), weights[part.name]);
          EXPECT_LE(small::difference(part.variable.value(), want), 1e-13) << part.name;
        }
      }
    }
  }
}

TEST(Training, MovesTheModelAndNotACopy) {
  Gpt gpt = small::model(small::config(), 11);
  ParameterArena arena(gpt.parameters());
  AdamW optimizer(arena, {});
  const auto step = whole(small::examples(4, 12));
  const double before = gradients_of(gpt, step).result.loss;
  ParameterArena again(gpt.parameters());
  AdamW fresh(again, {});
  for (int k = 0; k < 20; ++k) optimizer_step(gpt, again, fresh, step, {}, 0.01);
  EXPECT_LT(gradients_of(gpt, step).result.loss, 0.8 * before);
}

}  // namespace
}  // namespace pupil
