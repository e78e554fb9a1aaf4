// Laws of weights in the loss: those of messages, and that of prompts.
//
//   loss = sum_t w_t l_t / D,   D = sum_t w_t (tokens), the records (examples), ...
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "autograd/gradcheck.h"
#include "tensor/error.h"
#include "tests/render_helpers.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

using small::cut;
using small::gradients_of;
using small::whole;

const std::vector<Normaliser> kNormalisers{
    {Normaliser::Kind::kTokens}, {Normaliser::Kind::kExamples}, {Normaliser::Kind::kConstant, 7}};

// Random examples, some of them with weights between 0 and 2, and with a target of weight 0.
std::vector<Example> weighted_examples(int count, unsigned seed) {
  auto examples = small::examples(count, seed);
  small::Random random(seed + 1);
  for (std::size_t i = 0; i < examples.size(); i += 2) {
    for (std::size_t t = 0; t < examples[i].ids.size(); ++t) {
      examples[i].weights.push_back(small::draw(random, 0, 8) / 4.0);
    }
  }
  return examples;
}

std::vector<Example> times(std::vector<Example> examples, double factor) {
  for (Example& e : examples) {
    if (e.weights.empty()) e.weights.assign(e.ids.size(), 1);
    for (double& w : e.weights) w *= factor;
  }
  return examples;
}

// ---- weights of targets -------------------------------------------------------------------------

TEST(Weights, OfOneAreNoWeights) {
  Gpt gpt = small::model(small::config(), 1);
  const auto examples = small::examples(6, 2);
  EXPECT_SAME_BITS(gradients_of(gpt, whole(times(examples, 1))),
                   gradients_of(gpt, whole(examples)));
}

TEST(Weights, OfZeroAreAMask) {
  Gpt gpt = small::model(small::config(), 3);
  const auto weighted = weighted_examples(8, 4);
  auto masked = weighted;
  int zeros = 0;
  for (Example& e : masked) {
    for (std::size_t t = 0; t < e.weights.size(); ++t) {
      if (e.weights[t] != 0 || e.targets[t] == kIgnoreIndex) continue;
      e.targets[t] = kIgnoreIndex;
      ++zeros;
    }
  }
  ASSERT_GT(zeros, 0);
  EXPECT_SAME_OUTCOME(gradients_of(gpt, whole(weighted)), gradients_of(gpt, whole(masked)), 1e-12);
}

TEST(Weights, OfTwoAreTheExampleTwice) {
  Gpt gpt = small::model(small::config(), 5);
  const auto examples = small::examples(6, 6);
  auto weighted = examples, repeated = examples;
  weighted[3] = times({examples[3]}, 2)[0];
  repeated.push_back(examples[3]);
  ASSERT_GT(examples[3].target_count(), 0);
  EXPECT_SAME_OUTCOME(gradients_of(gpt, whole(weighted)), gradients_of(gpt, whole(repeated)),
                      1e-12);
}

TEST(Weights, TwiceAsLargeEverywhereLeaveTheMeanOverTokensAsItIs) {
  Gpt gpt = small::model(small::config(), 7);
  const auto examples = weighted_examples(8, 8);
  EXPECT_SAME_OUTCOME(gradients_of(gpt, whole(times(examples, 2))),
                      gradients_of(gpt, whole(examples)), 1e-12);
  const StepOptions by_record{.normaliser = {Normaliser::Kind::kExamples}};
  EXPECT_NEAR(gradients_of(gpt, whole(times(examples, 2)), by_record).result.loss,
              2 * gradients_of(gpt, whole(examples), by_record).result.loss, 1e-12);
}

TEST(Weights, LeaveTheLossTheSameForEverySplitPaddingAndOrder) {
  Gpt gpt = small::model(small::config(), 9);
  auto examples = weighted_examples(12, 10);
  for (const Normaliser& normaliser : kNormalisers) {
    const StepOptions options{.normaliser = normaliser, .label_smoothing = 0.1};
    const auto want = gradients_of(gpt, whole(examples), options);
    for (const std::vector<int>& sizes :
         std::vector<std::vector<int>>{std::vector<int>(12, 1), {5, 7}, {1, 11}, {4, 4, 4}}) {
      SCOPED_TRACE(normaliser.str());
      EXPECT_SAME_OUTCOME(gradients_of(gpt, cut(examples, sizes), options), want, 1e-10);
      EXPECT_SAME_OUTCOME(gradients_of(gpt, cut(examples, sizes, PadSide::kLeft), options), want,
                          1e-10);
    }
    std::reverse(examples.begin(), examples.end());
    EXPECT_SAME_OUTCOME(gradients_of(gpt, whole(examples), options), want, 1e-10);
  }
}

TEST(Weights, HaveTheRightGradient) {
  Gpt gpt = small::model(small::config(), 11);
  const Batch batch = make_batch(weighted_examples(5, 12));
  Pass pass;
  const Tensor hidden = gpt.hidden(batch.input, pass).value();
  Samples list;
  const OpSample& sample = list.add({hidden, gpt.wte.value()}, [&](const Inputs& in) {
    return linear_cross_entropy(in[0], in[1], batch.targets, 0.1, batch.weights);
  });
  const GradcheckResult result = gradcheck(sample);
  EXPECT_TRUE(result.passed) << result.message;
  EXPECT_LT(result.worst_error, 1e-6);
}

TEST(Weights, AsManyAsTargetsOrNone) {
  auto examples = small::examples(3, 13);
  examples[1].weights.assign(examples[1].ids.size() + 1, 1);
  EXPECT_THROW(whole(examples), InputError);
}

// ---- weights of messages and prompts ------------------------------------------------------------

Rendered rendered(MaskMode mode, double prompt_weight, std::vector<Message> messages = two_turns(),
                  const std::string& name = "chatml") {
  Tokenizer tokenizer = Tokenizer::bytes();
  ChatTemplate chat = chat_template(name);
  chat.add_specials(tokenizer);
  return Renderer(tokenizer, chat, mode, 0, prompt_weight).render(record_of(std::move(messages)));
}

TEST(PromptLossWeight, OfZeroIsTheMaskAndOfOneIsAll) {
  const Rendered all = rendered(MaskMode::kAll, 0), one = rendered(MaskMode::kAssistant, 1);
  EXPECT_EQ(one.weights, all.weights);
  EXPECT_EQ(one.labels, all.labels);
  EXPECT_EQ(one.mask, all.mask);
}

TEST(PromptLossWeight, IsTheWeightOfWhatTheMaskLeavesOut) {
  const Rendered masked = rendered(MaskMode::kAssistant, 0);
  const Rendered some = rendered(MaskMode::kAssistant, 0.25);
  expect_consistent(some);
  for (std::size_t t = 0; t < masked.ids.size(); ++t) {
    EXPECT_EQ(some.weights[t], masked.mask[t] ? 1 : 0.25) << t;
  }
  EXPECT_FALSE(masked.weighted());
  EXPECT_TRUE(some.weighted());
}

TEST(PromptLossWeight, IsHeardByEveryFormOfRecord) {
  Tokenizer tokenizer = Tokenizer::bytes();
  for (const std::string name : {"alpaca", "plain", "chatml"}) {
    ChatTemplate chat = chat_template(name);
    chat.add_specials(tokenizer);
    for (const Record& record :
         {Record{PromptCompletion{"ab", "c"}, 1}, Record{Instruction{"ab", "", "c"}, 1},
          Record{IdSequence{{1, 2, 3}, {kIgnoreIndex, kIgnoreIndex, 3}}, 1}}) {
      if (name == "plain" && std::holds_alternative<Instruction>(record.content)) continue;
      const Rendered masked = Renderer(tokenizer, chat, MaskMode::kCompletion).render(record);
      const Rendered some = Renderer(tokenizer, chat, MaskMode::kCompletion, 0, 0.5).render(record);
      EXPECT_GT(masked.n_targets(), 0);
      for (std::size_t t = 0; t < masked.ids.size(); ++t) {
        EXPECT_EQ(some.weights[t], masked.mask[t] ? 1 : 0.5) << name << " " << t;
      }
    }
  }
}

TEST(MessageWeight, IsThatOfItsSupervisedTokensAndFactorOfThePromptWeight) {
  auto messages = two_turns();
  messages[2].weight = 3;  // Hello!<|im_end|>
  messages[4].weight = 0;
  const Rendered turns = rendered(MaskMode::kAssistant, 0.5, messages);
  const Rendered plain = rendered(MaskMode::kAssistant, 0);
  std::map<double, int> count;
  for (std::size_t t = 0; t < turns.ids.size(); ++t) {
    if (plain.mask[t]) ++count[turns.weights[t]];
  }
  EXPECT_EQ(count, (std::map<double, int>{{3, 7}, {0, 6}}));
  for (std::size_t t = 0; t < turns.ids.size(); ++t) {
    if (plain.mask[t]) continue;
    EXPECT_TRUE((std::set<double>{0.5, 1.5, 0}).count(turns.weights[t])) << t;
  }
}

TEST(MessageWeight, IsHeardInTemplatesOfOneQuestionToo) {
  std::vector<Message> messages{{"user", "ab"}, {"assistant", "c", 0.5}};
  const Rendered alpaca = rendered(MaskMode::kCompletion, 0, messages, "alpaca");
  double sum = 0;
  for (const double w : alpaca.weights) sum += w;
  EXPECT_EQ(sum, 1);  // "c" and the end of text
  messages[0].weight = 0;
  EXPECT_THROW(rendered(MaskMode::kCompletion, 0, messages, "alpaca"), InputError);
}

TEST(MessageWeight, StaysWithItsTokensWhenTheRecordIsCut) {
  auto messages = two_turns();
  messages[4].weight = 0.25;
  Rendered cut = rendered(MaskMode::kAssistant, 0, messages);
  const Rendered before = cut;
  ASSERT_TRUE(fit(cut, 20, Truncation::kStart));
  const std::size_t gone = before.ids.size() - 20;
  EXPECT_EQ(cut.weights, std::vector<double>(before.weights.begin() + std::ptrdiff_t(gone),
                                             before.weights.end()));
  expect_consistent(cut);
}

TEST(MessageWeight, ReachesTheTargetItBelongsTo) {
  Rendered r;
  r.ids = {5, 6, 7, 8};
  r.labels = {kIgnoreIndex, 6, kIgnoreIndex, 8};
  r.weights = {0, 0.5, 0, 2};
  EXPECT_EQ(targets_from(r.labels), (Ids{6, kIgnoreIndex, 8, kIgnoreIndex}));
  EXPECT_EQ(target_weights(r), (std::vector<double>{0.5, 0, 2, 0}));
  r.weights = {0, 1, 0, 1};
  EXPECT_TRUE(target_weights(r).empty());
}

}  // namespace
}  // namespace pupil
