// Generation: the KV cache beside no cache, rows of a batch beside each alone, why a row ends,
// and what the seed decides.
#include "nn/generate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "nn/kv_cache.h"
#include "tensor/error.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

using Ids = std::vector<std::int32_t>;

// Learned and rotary positions, both norms, grouped heads, both heads: what the cache could get
// wrong differs among them.
std::vector<GptConfig> configs(std::int64_t context) {
  GptConfig plain = small::config();
  plain.context = context;
  plain.n_head = 4;
  GptConfig modern = plain;
  modern.norm = NormKind::kRms;
  modern.positions = PositionKind::kRope;
  modern.mlp = MlpKind::kSwiglu;
  modern.n_kv_head = 2;
  modern.bias = false;
  modern.tied_head = false;
  GptConfig interleaved = modern;
  interleaved.rope_form = RopeForm::kInterleaved;
  interleaved.n_kv_head = 1;
  return {plain, modern, interleaved};
}

Ids random_ids(int count, unsigned seed) {
  small::Random random(seed);
  Ids ids;
  for (int i = 0; i < count; ++i) ids.push_back(small::draw(random, 0, 12));
  return ids;
}

Tensor row_of(const Ids& ids) {
  return Tensor::from<std::int32_t>({1, std::int64_t(ids.size())}, ids);
}

TEST(KvCache, B88_GivesTheLogitsOfAFullPassAtEveryPosition) {
  const NoGrad no_grad;
  unsigned seed = 0;
  for (const GptConfig& config : configs(200)) {
    const Gpt gpt = small::model(config, ++seed);
    const Ids ids = random_ids(200, seed);
    Pass pass;
    const Tensor full = gpt.logits(gpt.hidden({.ids = row_of(ids)}, pass)).value();
    double largest = 0;
    for (const double x : full.span<double>()) largest = std::max(largest, std::abs(x));
    KvCache cache(config.n_layer, 1, 200, config.kv_heads() * config.head_dim(), DType::kFloat64);
    // Pieces of unequal length: a prompt, single tokens, a piece in the middle.
    std::size_t at = 0;
    double worst = 0;
    for (const std::size_t length : {7, 1, 1, 64, 1, 30}) {
      const Ids piece(ids.begin() + at, ids.begin() + at + length);
      const Variable hidden = gpt.hidden({.ids = row_of(piece)}, pass, &cache);
      const Tensor part = gpt.logits(hidden).value();
      for (std::int64_t i = 0; i < part.numel(); ++i) {
        const double want = full.data<double>()[std::int64_t(at) * config.vocab_size + i];
        worst = std::max(worst, std::abs(part.data<double>()[i] - want));
      }
      at += length;
    }
    for (; at < ids.size(); ++at) {
      const Variable hidden = gpt.hidden({.ids = row_of({ids[at]})}, pass, &cache);
      const Tensor part = gpt.logits(hidden).value();
      for (std::int64_t i = 0; i < part.numel(); ++i) {
        const double want = full.data<double>()[std::int64_t(at) * config.vocab_size + i];
        worst = std::max(worst, std::abs(part.data<double>()[i] - want));
      }
    }
    EXPECT_LE(worst, 1e-11 * largest) << "config " << seed;
  }
}

// Plain, and with a repetition penalty, without which a random model soon says one id for ever.
TEST(Generate, GreedyIdsAreTheSameWithAndWithoutCacheOver200Tokens) {
  unsigned seed = 20;
  for (GptConfig config : configs(220)) {
    config.vocab_size = 97;
    const Gpt gpt = small::model(config, ++seed);
    for (const double penalty : {1.0, 1.3}) {
      const std::vector<Ids> prompts{random_ids(penalty > 1 ? 17 : 5, seed)};
      GenerateOptions options{.max_new_tokens = 200, .stop_ids = {}};
      options.sampling.repetition_penalty = penalty;
      const auto cached = generate(gpt, prompts, options);
      options.use_cache = false;
      const auto plain = generate(gpt, prompts, options);
      for (std::size_t row = 0; row < prompts.size(); ++row) {
        ASSERT_EQ(cached[row].ids.size(), 200u);
        EXPECT_EQ(cached[row].ids, plain[row].ids) << "config " << seed << ", row " << row;
        const std::set<std::int32_t> distinct(plain[row].ids.begin(), plain[row].ids.end());
        if (penalty > 1) {
          EXPECT_GT(distinct.size(), 3u) << "config " << seed << ", row " << row;
        }
      }
    }
  }
}

TEST(Generate, B84_PromptsOfUnequalLengthInOneBatchContinueAsEachAlone) {
  unsigned seed = 40;
  for (const GptConfig& config : configs(60)) {
    const Gpt gpt = small::model(config, ++seed);
    const std::vector<Ids> prompts{random_ids(1, 1), random_ids(31, 2), random_ids(8, 3),
                                   random_ids(8, 4), random_ids(59, 5)};
    // A stop id ends some rows early, so that others move up in the cache.
    const GenerateOptions options{.max_new_tokens = 25, .stop_ids = {3}};
    const auto together = generate(gpt, prompts, options);
    for (std::size_t row = 0; row < prompts.size(); ++row) {
      const Generated alone = generate(gpt, {prompts[row]}, options)[0];
      EXPECT_EQ(together[row].ids, alone.ids) << "config " << seed << ", row " << row;
      EXPECT_EQ(together[row].finish, alone.finish) << "config " << seed << ", row " << row;
    }
  }
}

TEST(Generate, ARowEndsAtItsStopIdWhichIsPartOfTheIds) {
  const Gpt gpt = small::model(configs(60)[0], 5);
  const Ids prompt{1, 2, 3};
  const Ids all = generate(gpt, {prompt}, {.max_new_tokens = 30, .stop_ids = {}})[0].ids;
  const std::int32_t stop = all[10];
  const auto first = std::find(all.begin(), all.end(), stop) - all.begin();
  const Generated cut =
      generate(gpt, {prompt}, {.max_new_tokens = 30, .stop_ids = {12345, stop}})[0];
  EXPECT_EQ(cut.ids, Ids(all.begin(), all.begin() + first + 1));
  EXPECT_EQ(cut.finish, Finish::kStop);
  EXPECT_STREQ(name_of(cut.finish), "stop");
}

TEST(Generate, ARowEndsAtItsLengthOrAtTheEndOfTheContext) {
  const Gpt gpt = small::model(configs(16)[0], 6);
  const Ids prompt = random_ids(10, 7);
  for (const bool cache : {true, false}) {
    const auto run = [&](std::int64_t tokens) {
      return generate(gpt, {prompt},
                      {.max_new_tokens = tokens, .stop_ids = {}, .use_cache = cache})[0];
    };
    const Generated six = run(6);
    EXPECT_EQ(six.ids.size(), 6u);
    EXPECT_STREQ(name_of(six.finish), "length");
    // 16 positions can be read, so the last of 7 new ones is predicted from all of them.
    const Generated many = run(50);
    EXPECT_EQ(many.ids.size(), 7u);
    EXPECT_STREQ(name_of(many.finish), "context");
    EXPECT_EQ(Ids(many.ids.begin(), many.ids.begin() + 6), six.ids);
    EXPECT_EQ(run(7).finish, Finish::kLength);
    EXPECT_TRUE(run(0).ids.empty());
  }
}

TEST(Generate, ACallbackSeesEveryIdAndEndsARow) {
  const Gpt gpt = small::model(configs(40)[0], 8);
  std::vector<Ids> seen(2);
  const auto results = generate(gpt, {{1, 2}, {3}}, {.max_new_tokens = 9, .stop_ids = {}},
                                [&](std::size_t row, std::int32_t id) {
                                  seen[row].push_back(id);
                                  return row == 0 || seen[1].size() < 4;
                                });
  EXPECT_EQ(results[0].ids, seen[0]);
  EXPECT_EQ(results[1].ids, seen[1]);
  EXPECT_EQ(seen[0].size(), 9u);
  EXPECT_EQ(seen[1].size(), 4u);
}

TEST(Generate, B88_SampledIdsRepeatWithTheSeedAndDifferBetweenSeedsAndRows) {
  const Gpt gpt = small::model(configs(60)[0], 9);
  GenerateOptions options{.max_new_tokens = 40, .sampling = {.temperature = 1}, .stop_ids = {}};
  const std::vector<Ids> prompts{{1, 2}, {1, 2}};
  const auto ids = [&](std::uint64_t seed, bool cache) {
    options.seed = seed;
    options.use_cache = cache;
    const auto results = generate(gpt, prompts, options);
    return std::pair(results[0].ids, results[1].ids);
  };
  const auto first = ids(1, true);
  EXPECT_EQ(ids(1, true), first);
  EXPECT_EQ(ids(1, false), first);
  EXPECT_NE(ids(2, true).first, first.first);
  EXPECT_NE(first.first, first.second);
}

TEST(Generate, SampledIdsFollowTheDistribution) {
  const Gpt gpt = small::model(configs(16)[0], 10);
  const SamplingOptions sampling{.temperature = 0.7, .top_k = 5};
  const std::vector<double> p = first_token_distribution(gpt, {1, 2, 3}, sampling);
  EXPECT_EQ(std::count_if(p.begin(), p.end(), [](double x) { return x > 0; }), 5);
  constexpr int kDraws = 4000;
  std::vector<int> counts(p.size());
  const std::vector<Ids> prompts(kDraws, Ids{1, 2, 3});
  for (const Generated& g :
       generate(gpt, prompts, {.max_new_tokens = 1, .sampling = sampling, .stop_ids = {}})) {
    ++counts[std::size_t(g.ids[0])];
  }
  for (std::size_t id = 0; id < p.size(); ++id) {
    const double deviation = std::sqrt(kDraws * p[id] * (1 - p[id]));
    EXPECT_NEAR(counts[id], kDraws * p[id], 4 * deviation) << "id " << id;
  }
}

TEST(Generate, RefusesPromptsThatAreEmptyTooLongOrOutsideTheVocabulary) {
  const Gpt gpt = small::model(configs(16)[0], 11);
  const auto message = [&](const Ids& prompt) -> std::string {
    try {
      generate(gpt, {{1}, prompt}, {});
    } catch (const InputError& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_NE(message({}).find("empty"), std::string::npos);
  EXPECT_NE(message(Ids(17, 1)).find("17 tokens, the model's context is 16"), std::string::npos);
  EXPECT_NE(message({1, 13}).find("id 13 at position 1"), std::string::npos);
  EXPECT_NE(message({-1}).find("id -1 at position 0"), std::string::npos);
}

}  // namespace
}  // namespace pupil
