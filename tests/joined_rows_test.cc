// Records joined into rows, and rows padded left, right or not at all: what the model computes of
// each is what it computes of the record alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "autograd/reference.h"
#include "sft/example_data.h"
#include "sft/render.h"
#include "sft/scoring.h"
#include "sft/trainer.h"
#include "tensor/error.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

using small::cut;
using small::difference;
using small::gradients_of;
using small::same_bits;
using small::whole;

constexpr PadSide kSides[] = {PadSide::kRight, PadSide::kLeft, PadSide::kNone};
const char* name_of(PadSide side) {
  return side == PadSide::kRight ? "right" : side == PadSide::kLeft ? "left" : "none";
}

/// Records of 1 to 12 tokens whose last position has no target, as every record's.
std::vector<Example> records(int count, unsigned seed) {
  std::vector<Example> list = small::examples(count, seed);
  for (Example& e : list) e.targets.back() = kIgnoreIndex;
  return list;
}
std::vector<Example> packed(const std::vector<Example>& examples, std::int64_t length) {
  return all_rows(RowSequence(std::make_shared<MemoryExamples>(examples),
                              {.order = ExampleOrder::kFile, .pack_length = length}));
}

/// log p of every target of a row, in its order.
std::vector<double> logprobs(const Gpt& gpt, const Example& row) {
  const Batch batch = make_batch(std::span(&row, 1));
  const NoGrad no_grad;
  Pass pass;
  const Tensor hidden = gpt.hidden(batch.input, pass).value();
  const std::int64_t n = hidden.shape().rows();
  const Variable logits = gpt.logits(constant(hidden.reshape({n, hidden.shape().back()})));
  return gather_logprob(logits, batch.targets.reshape({n}))
      .value()
      .to(DType::kFloat64)
      .to_vector<double>();
}

// ---- joining ------------------------------------------------------------------------------------

TEST(Join, B71_B73_PositionsStartAgainExactlyWhereTheSegmentChanges) {
  const Example row = join(records(9, 1));
  ASSERT_EQ(row.positions.size(), row.ids.size());
  ASSERT_EQ(row.segments.size(), row.ids.size());
  EXPECT_EQ(row.positions[0], 0);
  EXPECT_EQ(row.segments[0], 0);
  for (std::size_t t = 1; t < row.ids.size(); ++t) {
    const bool begins = row.segments[t] != row.segments[t - 1];
    EXPECT_EQ(row.positions[t], begins ? 0 : row.positions[t - 1] + 1);
    EXPECT_EQ(row.segments[t], row.segments[t - 1] + begins);
  }
  EXPECT_EQ(row.segments.back(), 8);
  EXPECT_EQ(row.records, 9);
}

TEST(Join, B73_PaddingHasPositionsInRange) {
  for (const PadSide side : kSides) {
    const Batch batch = make_batch(records(9, 2), side);
    if (!batch.input.positions.defined()) continue;
    for (const std::int32_t p : batch.input.positions.span<std::int32_t>()) {
      EXPECT_GE(p, 0);
      EXPECT_LT(p, 12);
    }
  }
}

TEST(Join, B72_NoTargetBelongsToAnotherRecordAndNoneIsLost) {
  auto examples = records(12, 3);
  std::int64_t targets = 0;
  for (const Example& e : examples) targets += e.target_count();
  EXPECT_EQ(join(examples).target_count(), targets);
  // Even where somebody left one behind the last token.
  for (Example& e : examples) e.targets.back() = 5;
  const Example row = join(examples);
  for (std::size_t t = 0; t + 1 < row.ids.size(); ++t) {
    const bool is_border = row.segments[t] != row.segments[t + 1];
    EXPECT_EQ(row.targets[t] == kIgnoreIndex,
              is_border ||
                  examples[std::size_t(row.segments[t])].targets[std::size_t(row.positions[t])] ==
                      kIgnoreIndex);
  }
}

TEST(Packing, B49_CarriesTheMaskOfEveryRecordToWhereItsTokensGo) {
  auto examples = records(40, 5);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    auto& targets = examples[i].targets;
    for (std::size_t t = i % 3; t < targets.size(); t += 3) targets[t] = kIgnoreIndex;
  }
  using Masked = std::pair<std::vector<std::int32_t>, std::vector<std::int32_t>>;  // ids, targets
  std::multiset<Masked> before, after;
  for (const Example& e : examples) before.insert({e.ids, e.targets});
  for (const Example& row : packed(examples, 24)) {
    const auto segment = [&](std::size_t t) { return row.segments.empty() ? 0 : row.segments[t]; };
    for (std::size_t begin = 0, end = 0; begin < row.ids.size(); begin = end) {
      while (end < row.ids.size() && segment(end) == segment(begin)) ++end;
      after.insert({{row.ids.begin() + begin, row.ids.begin() + end},
                    {row.targets.begin() + begin, row.targets.begin() + end}});
    }
  }
  EXPECT_EQ(after, before);
}

TEST(Join, OfJoinedRowsIsTheJoinOfTheirRecords) {
  const auto examples = records(10, 4);
  const Example rows[] = {join(std::span(examples).subspan(0, 3)),
                          join(std::span(examples).subspan(3, 1)),
                          join(std::span(examples).subspan(4))};
  const Example twice = join(rows), once = join(examples);
  EXPECT_EQ(twice.ids, once.ids);
  EXPECT_EQ(twice.targets, once.targets);
  EXPECT_EQ(twice.positions, once.positions);
  EXPECT_EQ(twice.segments, once.segments);
  EXPECT_EQ(twice.records, once.records);
}

// ---- isolation ----------------------------------------------------------------------------------

TEST(PackedRow, B70_APerturbedRecordChangesNoBitOfItsNeighboursLossOrGradient) {
  for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
    for (const PositionKind positions : {PositionKind::kLearned, PositionKind::kRope}) {
      GptConfig config = small::config();
      config.positions = positions;
      Gpt gpt = small::model(config, 5, dtype);
      std::vector<Example> examples = records(5, 6);
      small::Random random(7);
      examples[2] = small::example(random, 11, 0);  // no target of its own
      const std::size_t begin = examples[0].ids.size() + examples[1].ids.size(), end = begin + 11;
      const auto before = logprobs(gpt, join(examples));
      const auto gradients = gradients_of(gpt, {make_batch(examples, PadSide::kNone)});
      for (std::int32_t& id : examples[2].ids) id = (id + 1) % 13;
      const auto after = logprobs(gpt, join(examples));
      const auto other = gradients_of(gpt, {make_batch(examples, PadSide::kNone)});
      ASSERT_EQ(before.size(), after.size());
      for (std::size_t t = 0; t < before.size(); ++t) {
        if (t >= begin && t < end) continue;
        EXPECT_EQ(after[t], before[t]) << "position " << t;
      }
      EXPECT_SAME_BITS(other, gradients);
    }
  }
}

TEST(PackedRow, B70_TheFirstAndTheLastRecordAreAsIsolatedAsTheOthers) {
  const Gpt gpt = small::model(small::config(), 8, DType::kFloat32);
  const auto examples = records(4, 9);
  const auto before = logprobs(gpt, join(examples));
  for (const std::size_t changed : {0, 3}) {
    auto others = examples;
    for (std::int32_t& id : others[changed].ids) id = (id + 1) % 13;
    const auto after = logprobs(gpt, join(others));
    const Example row = join(examples);
    for (std::size_t t = 0; t < row.ids.size(); ++t) {
      if (row.segments[t] == std::int32_t(changed)) continue;
      EXPECT_EQ(after[t], before[t]) << "position " << t;
    }
  }
}

TEST(PackedRow, B81_SegmentsMeanTheDenseMaskOfTheComposedAttention) {
  reset_sample_seed(10);
  const Heads heads{2, 1, 4};
  const Example row = join(records(7, 11));
  const std::int64_t T = std::int64_t(row.ids.size());
  const Variable qkv = parameter(randn({1, T, 16}));
  const Tensor segments = Tensor::from<std::int32_t>({1, T}, row.segments);
  const Variable fused = causal_attention(qkv, heads, segments),
                 dense = reference::causal_attention(qkv, heads, segments);
  EXPECT_LE(difference(fused.value(), dense.value()), 1e-12);
}

TEST(Padding, B65_PositionsThatSeeNothingAreZeroAndHaveNoGradient) {
  reset_sample_seed(12);
  const Variable qkv = parameter(randn({2, 5, 12}));
  const Tensor segments = Tensor::from<std::int32_t>({2, 5}, {-1, -1, -1, -1, -1, -1, -1, 0, 0, 0});
  const Variable out = causal_attention(qkv, Heads{1, 1, 4}, segments);
  backward(out, Tensor::full(out.shape(), 1, DType::kFloat64));
  for (std::int64_t i = 0; i < 10; ++i) {
    const bool sees = i >= 7;
    for (std::int64_t c = 0; c < 4; ++c)
      EXPECT_EQ(out.value().data<double>()[4 * i + c] != 0, sees);
    double sum = 0;
    for (std::int64_t c = 0; c < 12; ++c) sum += std::abs(qkv.grad().data<double>()[12 * i + c]);
    EXPECT_EQ(sum > 0, sees) << sum;
  }
}

// ---- the same loss however records become batches -----------------------------------------------

TEST(Padding, B85_StandsOnTheSideThatIsMeant) {
  const Example one{{7, 8}, {8, kIgnoreIndex}, {}, {}},
      three{{1, 2, 3}, {2, 3, kIgnoreIndex}, {}, {}};
  const std::vector<Example> examples{one, three};
  const auto row = [](const Tensor& t, std::int64_t b) {
    const auto all = t.span<std::int32_t>();
    const std::int64_t T = t.shape()[1];
    return std::vector<std::int32_t>(all.begin() + b * T, all.begin() + (b + 1) * T);
  };
  using List = std::vector<std::int32_t>;
  const Batch right = make_batch(examples, PadSide::kRight);
  EXPECT_EQ(row(right.input.ids, 0), (List{7, 8, 0}));
  EXPECT_EQ(row(right.targets, 0), (List{8, kIgnoreIndex, kIgnoreIndex}));
  const Batch left = make_batch(examples, PadSide::kLeft);
  EXPECT_EQ(row(left.input.ids, 0), (List{0, 7, 8}));
  EXPECT_EQ(row(left.targets, 0), (List{kIgnoreIndex, 8, kIgnoreIndex}));
  EXPECT_EQ(row(left.input.positions, 0), (List{0, 0, 1}));
  EXPECT_EQ(row(left.input.segments, 0), (List{-1, 0, 0}));
  EXPECT_EQ(row(left.input.ids, 1), (List{1, 2, 3}));
  const Batch none = make_batch(examples, PadSide::kNone);
  EXPECT_EQ(row(none.input.ids, 0), (List{7, 8, 1, 2, 3}));
  EXPECT_EQ(row(none.input.positions, 0), (List{0, 1, 0, 1, 2}));
  EXPECT_EQ(none.n_tokens, none.input.ids.numel());
  EXPECT_EQ(none.n_examples, 2);
}

TEST(Padding, B86_LogprobsDoNotDependOnItsSide) {
  const Gpt gpt = small::model(small::config(), 13);
  const auto examples = records(6, 14);
  for (const PadSide side : kSides) {
    const Batch batch = make_batch(examples, side);
    Pass pass;
    const NoGrad no_grad;
    const Tensor hidden = gpt.hidden(batch.input, pass).value();
    const std::int64_t n = hidden.shape().rows();
    const auto all =
        gather_logprob(gpt.logits(constant(hidden.reshape({n, hidden.shape().back()}))),
                       batch.targets.reshape({n}))
            .value()
            .to_vector<double>();
    std::vector<double> got, want;
    const auto targets = batch.targets.span<std::int32_t>();
    for (std::size_t t = 0; t < all.size(); ++t) {
      if (targets[t] != kIgnoreIndex) got.push_back(all[t]);
    }
    for (const Example& e : examples) {
      const auto alone = logprobs(gpt, e);
      for (std::size_t t = 0; t < e.targets.size(); ++t) {
        if (e.targets[t] != kIgnoreIndex) want.push_back(alone[t]);
      }
    }
    ASSERT_EQ(got.size(), want.size()) << name_of(side);
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-12);
  }
}

TEST(Evaluation, B79_B87_OfPackedAndOfPaddedDataIsTheSame) {
  const Gpt gpt = small::model(small::config(), 15);
  const auto examples = records(16, 16);
  const auto source = std::make_shared<MemoryExamples>(examples);
  const Evaluation want = evaluate_loss(gpt, batches_of(examples, 1));
  for (const std::int64_t pack_length : {0, 12, 40}) {
    for (const PadSide side : kSides) {
      const ExampleData data(source,
                             {.micro_batch = 3, .pad_side = side, .pack_length = pack_length});
      const Evaluation got = evaluate_loss(gpt, data);
      EXPECT_NEAR(got.loss, want.loss, 1e-12 * want.loss) << pack_length << name_of(side);
      EXPECT_EQ(got.n_targets, want.n_targets);
    }
  }
}

// 16 examples as micro-batch x accumulation, packed and not, padded left, right and not at all.
TEST(SftLoss, IsTheSameForEveryFactorisationPackedOrNotAndOnEachSide_B01_B79) {
  Gpt gpt = small::model(small::config(), 17);
  const auto examples = records(16, 18);
  const Normaliser normalisers[] = {
      {Normaliser::Kind::kTokens}, {Normaliser::Kind::kExamples}, {Normaliser::Kind::kConstant, 3}};
  for (const Normaliser& normaliser : normalisers) {
    const StepOptions options{.normaliser = normaliser, .label_smoothing = 0.1};
    const auto want = gradients_of(gpt, whole(examples), options);
    for (const std::int64_t pack_length : {0, 12, 31}) {
      const auto rows = pack_length ? packed(examples, pack_length) : examples;
      for (const std::int64_t size : {1, 2, 4, 8, 16}) {
        for (const PadSide side : kSides) {
          SCOPED_TRACE(normaliser.str() + ", rows of " + std::to_string(pack_length) +
                       ", micro-batch " + std::to_string(size) + ", padding " + name_of(side));
          const auto got = gradients_of(gpt, batches_of(rows, size, side), options);
          EXPECT_SAME_OUTCOME(got, want, 1e-10);
          EXPECT_NEAR(got.result.grad_norm, want.result.grad_norm, 1e-10 * want.result.grad_norm);
          EXPECT_EQ(got.result.n_targets, want.result.n_targets);
          EXPECT_EQ(got.result.n_tokens, want.result.n_tokens);
        }
      }
    }
  }
}

// ---- the shift ----------------------------------------------------------------------------------

// The loss of a text is that of the logits in front of each token, neither at it nor two ahead.
TEST(SftLoss, PredictsTheNextTokenAndNoOther_B83) {
  const Gpt gpt = small::model(small::config(), 19);
  small::Random random(20);
  Example e = small::example(random, 12, 1);
  e.targets = targets_from(e.ids);
  const Tensor logits = all_logits(gpt, e.ids);
  const auto loss_at = [&](std::int64_t shift) {  // of token t + shift by the logits of t
    double sum = 0;
    for (std::int64_t t = std::max<std::int64_t>(0, 1 - shift); t + shift < 12; ++t) {
      const double* row = logits.data<double>() + t * 13;
      double z = 0;
      for (int v = 0; v < 13; ++v) z += std::exp(row[v]);
      sum += std::log(z) - row[e.ids[std::size_t(t + shift)]];
    }
    return sum;
  };
  Pass pass;
  const double loss = loss_sum(gpt, whole({e})[0], pass).sum.value().item();
  EXPECT_NEAR(loss, loss_at(1), 1e-12 * loss);
  EXPECT_GT(std::abs(loss - loss_at(0)), 0.1);
  EXPECT_GT(std::abs(loss - loss_at(2)), 0.1);
}

TEST(SftLoss, WithoutTargetsHasNoMean_B64) {
  for (const auto kind : {Normaliser::Kind::kTokens, Normaliser::Kind::kMicrobatch}) {
    auto examples = small::examples(2, 21);
    for (Example& e : examples) e.targets.assign(e.targets.size(), kIgnoreIndex);
    const auto step = whole(examples);
    EXPECT_EQ(Normaliser{kind}.factor(step, 0), 0);
    const Gpt gpt = small::model(small::config(), 22);
    EXPECT_EQ(evaluate_loss(gpt, step).loss, 0);
    EXPECT_EQ(evaluate_loss(gpt, step).n_targets, 0);
  }
}

TEST(Training, B67_OneNaNAmongManyLossesStopsTheRun) {
  Gpt gpt = small::model(small::config(), 23);
  gpt.wte.value().data<double>()[0] = NAN;  // of the token 0
  Example bad{{0, 0}, {1, kIgnoreIndex}, {}, {}}, good{{3, 4}, {4, kIgnoreIndex}, {}, {}};
  gpt.untie_head();
  for (std::int64_t i = 0; i < 8; ++i) gpt.lm_head.value().data<double>()[i] = 0.1;
  EXPECT_TRUE(std::isfinite(gradients_of(gpt, whole({good})).result.loss));
  EXPECT_THROW(gradients_of(gpt, cut({good, good, good, bad}, {1, 1, 1, 1})), GradientError);
}

}  // namespace
}  // namespace pupil
