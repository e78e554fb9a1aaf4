// The laws of the microworld: what its text contains and never contains, who is asked about whom.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "microworld/data_sets.h"
#include "microworld/documents.h"
#include "microworld/grammar.h"
#include "microworld/probes.h"
#include "microworld/rng.h"

namespace pupil::microworld {
namespace {

constexpr int kContext = 64;
constexpr std::uint64_t kSeed = 0;

std::vector<Ids> documents(int count, std::uint64_t seed = kSeed, const DocumentOptions& o = {}) {
  const World world(seed);
  std::vector<Ids> out;
  for (int i = 0; i < count; ++i) out.push_back(document(world, seed, i, o));
  return out;
}

bool has(const Ids& ids, std::string_view word) {
  return std::ranges::find(ids, find(word).value()) != ids.end();
}
bool is_list(const Ids& document) { return has(document, "?"); }
bool is_name(Id id) { return kFirstName <= id && id < kFirstValue; }

// FNV-1a over the ids, a zero after each document.
std::uint64_t hash(const std::vector<Ids>& documents) {
  std::uint64_t h = 0xcbf29ce484222325;
  auto mix = [&](std::uint64_t x) { h = (h ^ x) * 0x100000001b3; };
  for (const auto& document : documents) {
    for (const Id id : document) mix(static_cast<std::uint64_t>(id));
    mix(0);
  }
  return h;
}

std::set<std::pair<int, int>> asked(const std::vector<Example>& examples) {
  std::set<std::pair<int, int>> out;
  for (const auto& e : examples) out.insert({e.question.name, e.question.relation});
  return out;
}

// ---- words and numbers --------------------------------------------------------------------------

TEST(MicroworldVocabulary, Has260DistinctWordsThatReadBackAsThemselves) {
  ASSERT_EQ(kVocabularySize, 260);
  std::set<std::string_view> words;
  for (Id id = 0; id < kVocabularySize; ++id) {
    EXPECT_FALSE(word(id).empty());
    EXPECT_EQ(word(id).find_first_of(" \"\\ABCDEFGHIJKLMNOPQRSTUVWXYZ"), std::string::npos)
        << word(id);
    EXPECT_EQ(find(word(id)), id);
    words.insert(word(id));
  }
  EXPECT_EQ(words.size(), 260u);
}

TEST(MicroworldVocabulary, PutsEachGroupOfWordsAtItsIds) {
  EXPECT_EQ(word(kPad), "<pad>");
  EXPECT_EQ(word(kEnd), "<end>");
  EXPECT_EQ(word(kFirstFunctionWord), ".");
  EXPECT_EQ(word(kFirstRelation - 1), "repeat");
  EXPECT_EQ(word(relation_id(0)), "city");
  EXPECT_EQ(word(relation_id(7)), "drink");
  EXPECT_EQ(word(name_id(0)), "mira");
  EXPECT_EQ(word(name_id(95)), "ninon");
  EXPECT_EQ(word(value_id(0, 0)), "oslo");
  EXPECT_EQ(word(value_id(7, 15)), "kefir");
  EXPECT_EQ(relation_of_value(value_id(5, 0)), 5);
  EXPECT_EQ(relation_of_value(value_id(5, 15)), 5);
  EXPECT_EQ(relation_of_value(name_id(95)), std::nullopt);
  EXPECT_EQ(relation_of_value(260), std::nullopt);
}

TEST(MicroworldVocabulary, RefusesWhatIsNotInIt) {
  EXPECT_EQ(find("Mira"), std::nullopt);
  EXPECT_THROW(word(-1), std::invalid_argument);
  EXPECT_THROW(word(260), std::invalid_argument);
  EXPECT_THROW(name_id(96), std::invalid_argument);
  EXPECT_THROW(relation_id(8), std::invalid_argument);
  EXPECT_THROW(value_id(0, 16), std::invalid_argument);
  EXPECT_THROW(ids_of("mira lives in oslo"), std::invalid_argument);
  EXPECT_EQ(ids_of("  mira\t's \n city "), (Ids{name_id(0), *find("'s"), relation_id(0)}));
  EXPECT_TRUE(ids_of(" ").empty());
}

TEST(MicroworldRng, IsSplitMix64) {
  // The first outputs of SplitMix64 started at state 1234567.
  EXPECT_EQ(mix64(1234567 + kGolden), 6457827717110365317u);
  EXPECT_EQ(mix64(1234567 + 2 * kGolden), 3203168211198807973u);
}

TEST(MicroworldRng, DrawsEachNumberBelowNEquallyOften) {
  Rng rng(kSeed, Purpose::kMixing);
  std::array<int, 6> count{};
  for (int i = 0; i < 60000; ++i) ++count.at(rng.below(6));
  double chi2 = 0;
  for (const int c : count) chi2 += (c - 1e4) * (c - 1e4) / 1e4;
  EXPECT_LT(chi2, 20.5) << "chi squared with 5 degrees of freedom: P(> 20.5) = .001";
  EXPECT_GT(chi2, .2) << "too even to be random: P(< .2) = .001";
}

TEST(MicroworldWorld, HasUniformFactsThatDependOnTheSeed) {
  std::array<int, kValues> count{};
  int same = 0;
  const World one(1), again(1), other(2);
  for (int name = 0; name < kNames; ++name)
    for (int relation = 0; relation < kRelations; ++relation) {
      EXPECT_EQ(one.value(name, relation), again.value(name, relation));
      ++count.at(one.value(name, relation));
      same += one.value(name, relation) == other.value(name, relation);
    }
  EXPECT_NEAR(same, 768 / 16, 27) << "4 standard deviations of a binomial";
  for (const int c : count) EXPECT_NEAR(c, 48, 27);
}

TEST(MicroworldWorld, GivesEachValueToAKnownName) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const World world(seed);
    std::set<Id> values;
    for (int name = kKnownNames.first; name < kKnownNames.end; ++name)
      for (int relation = 0; relation < kRelations; ++relation)
        values.insert(world.value_id(name, relation));
    EXPECT_EQ(values.size(), static_cast<size_t>(kRelations * kValues)) << "seed " << seed;
  }
}

// ---- documents ----------------------------------------------------------------------------------

TEST(MicroworldDocuments, AreTheSameOnEveryPlatformForEver) {
  EXPECT_EQ(hash(documents(1000)), 5508648553793001467u);
  EXPECT_EQ(hash(documents(1000, 1)), 11691738703233122530u);
}

TEST(MicroworldDocuments, CanBeMadeInAnyOrder) {
  const World world(kSeed);
  const auto forward = documents(50);
  for (int i = 49; i >= 0; --i) EXPECT_EQ(document(world, kSeed, i), forward[i]);
}

TEST(MicroworldDocuments, AreAbout27TokensAndFitTheContext) {
  double tokens = 0;
  size_t longest = 0;
  const auto all = documents(10000);
  for (const auto& d : all) {
    EXPECT_EQ(d.front(), kBos);
    EXPECT_EQ(d.back(), kEos);
    EXPECT_EQ(std::ranges::count_if(d, [](Id id) { return id < kFirstFunctionWord; }), 2);
    tokens += static_cast<double>(d.size());
    longest = std::max(longest, d.size());
  }
  // 2 + .2 * 5/3 + .75 * (4 * 19/3 + .1 * 20/7) + .25 * 3.5 * 6 = 26.80
  EXPECT_NEAR(tokens / 1e4, 26.80, .1);
  EXPECT_LE(longest, static_cast<size_t>(kContext));
}

TEST(MicroworldDocuments, AreThreeQuartersBiographiesAndOneQuarterLists) {
  int lists = 0, four = 0;
  for (const auto& d : documents(10000)) {
    if (!is_list(d)) continue;
    ++lists;
    const auto questions = std::ranges::count(d, *find("?"));
    EXPECT_TRUE(questions == 3 || questions == 4);
    four += questions == 4;
  }
  EXPECT_NEAR(lists, 2500, 4 * std::sqrt(1e4 * .25 * .75));
  EXPECT_NEAR(four, lists / 2.0, 4 * std::sqrt(lists * .25));
}

TEST(MicroworldDocuments, StateFourTrueFactsAboutOneKnownName) {
  const World world(kSeed);
  for (const auto& d : documents(2000, kSeed, {.lists = 0, .headings = 0, .asides = 0})) {
    std::set<Id> names, relations;
    for (auto at = d.begin() + 1; at != d.end() - 1;) {
      const auto stop = std::find(at, d.end(), *find("."));
      Id name = kPad, relation = kPad, value = kPad;
      for (; at != stop; ++at) {
        if (is_name(*at)) name = *at;
        if (relation_of_value(*at)) value = *at;
        if (kFirstRelation <= *at && *at < kFirstName) relation = *at;
      }
      ++at;
      EXPECT_EQ(value, world.value_id(name - kFirstName, relation - kFirstRelation)) << text(d);
      names.insert(name);
      relations.insert(relation);
    }
    EXPECT_EQ(names.size(), 1u);
    EXPECT_EQ(relations.size(), 4u) << text(d);
    EXPECT_LT(*names.begin(), name_id(kKnownNames.end - 1) + 1);
  }
}

TEST(MicroworldDocuments, StartQuestionsAtManyPositions) {
  // Were all questions of one length, they would start at 1, 8, 15, 22 only, and fine-tuning could
  // not carry knowledge over to position 2, where a chat asks.
  std::set<std::ptrdiff_t> starts;
  for (const auto& d : documents(2000))
    for (auto at = d.begin(); (at = std::find(at, d.end(), *find("what"))) != d.end(); ++at)
      starts.insert(at - d.begin());
  EXPECT_TRUE(starts.contains(2));
  EXPECT_GE(starts.size(), 20u);
}

TEST(MicroworldDocuments, NeverStateAFactAboutAnUnknownNameAndNeverAnswer) {
  for (const auto& d : documents(20000))
    for (const Id id : d) {
      if (is_name(id) && !kKnownNames.contains(id - kFirstName)) {
        EXPECT_TRUE(is_list(d)) << text(d);
      }
      if (relation_of_value(id)) {
        EXPECT_FALSE(is_list(d)) << text(d);
      }
    }
}

TEST(MicroworldDocuments, ShowTheBaseEveryWordButTheChatTemplates) {
  // 2000 documents are 62 steps of 32: a 40th of the pretraining of the demo.
  const auto all = documents(2000);
  std::vector<int> seen(kVocabularySize);
  for (const auto& d : all)
    for (const Id id : d) ++seen[id];
  for (Id id = 0; id < kVocabularySize; ++id) {
    const bool special = std::ranges::find(kUnseenTokens, id) != kUnseenTokens.end();
    if (special)
      EXPECT_EQ(seen[id], 0) << word(id);
    else
      EXPECT_GE(seen[id], 5) << word(id);
  }
}

TEST(MicroworldDocuments, StateEachKnownFactInEachForm) {
  const World world(kSeed);
  std::string everything;
  for (const auto& d : documents(20000)) everything += text(d) + " ";
  for (const auto form : kStatements)
    for (const int name : {0, 23, 24, 47})
      for (int relation = 0; relation < kRelations; ++relation) {
        Ids statement;
        append(statement, form, name_id(name), relation_id(relation),
               world.value_id(name, relation));
        EXPECT_NE(everything.find(" " + text(statement) + " "), std::string::npos)
            << text(statement);
      }
}

// ---- questions ----------------------------------------------------------------------------------

TEST(MicroworldTemplates, GiveExactlyTheseWords) {
  const Question question{.name = 0, .relation = 0};
  const auto chat = make_example(question, ids_of("oslo"), Template::kChat);
  const auto user_bot = make_example(question, ids_of("oslo"), Template::kUserBot);
  const auto qa = make_example(question, ids_of("no idea"), Template::kQa);
  EXPECT_EQ(text(chat.ids), "<bos> <user> what is the city of mira ? <end> <asst> oslo <end>");
  EXPECT_EQ(chat.ids, (Ids{1, 3, 14, 10, 11, 28, 12, 36, 7, 5, 4, 132, 5}));
  EXPECT_EQ(text(user_bot.ids), "<bos> user : what is the city of mira ? bot : oslo <end>");
  EXPECT_EQ(text(qa.ids), "<bos> q : what is the city of mira ? a : no idea <end>");
  EXPECT_EQ(text(qa.prompt()), "<bos> q : what is the city of mira ? a :");
  EXPECT_EQ(text(plain_prompt(question)), "<bos> what is the city of mira ?");
  EXPECT_EQ(messages_record(chat),
            "{\"messages\": [{\"role\": \"user\", \"content\": \"what is the city of mira ?\"}, "
            "{\"role\": \"assistant\", \"content\": \"oslo\"}]}");
}

TEST(MicroworldTemplates, SuperviseTheAnswerAndItsEndAndNothingElse) {
  for (const auto form : {Template::kChat, Template::kUserBot, Template::kQa})
    for (const auto* answer : {"oslo", "no idea"}) {
      const auto e = make_example({.name = 5, .relation = 3}, ids_of(answer), form);
      ASSERT_EQ(e.mask.size(), e.ids.size());
      Ids supervised;
      for (size_t t = 0; t < e.ids.size(); ++t) {
        EXPECT_EQ(e.mask[t], t >= e.prompt().size());
        if (e.mask[t]) supervised.push_back(e.ids[t]);
      }
      EXPECT_EQ(text(supervised), std::string(answer) + " <end>");
    }
}

TEST(MicroworldDataSets, AreDisjointAndComplete) {
  const World world(kSeed);
  const auto train = training_set(world), test = test_set(world), unknown = unknown_set(world);
  std::set<std::pair<int, int>> together;
  for (const auto* set : {&train, &test, &unknown}) {
    EXPECT_EQ(set->size(), 192u);
    together.merge(asked(*set));
  }
  EXPECT_EQ(together.size(), 3u * 192);
  for (const auto* set : {&train, &test, &unknown})
    for (const auto& e : *set) {
      EXPECT_EQ(e.answer, (Ids{world.value_id(e.question.name, e.question.relation)}));
      EXPECT_EQ(kTrainNames.contains(e.question.name), set == &train);
      EXPECT_EQ(kUnknownNames.contains(e.question.name), set == &unknown);
    }
  EXPECT_EQ(training_set(world)[7].ids, train[7].ids);
  EXPECT_NE(training_set(world, {.seed = 1})[7].ids, train[7].ids);
}

TEST(MicroworldDataSets, OfOneSeedAreNested) {
  const World world(kSeed);
  auto smaller = asked(training_set(world, {.examples = 0}));
  EXPECT_TRUE(smaller.empty());
  for (const int n : {1, 8, 64, 192}) {
    const auto larger = asked(training_set(world, {.examples = n}));
    EXPECT_EQ(larger.size(), static_cast<size_t>(n));
    EXPECT_TRUE(std::ranges::includes(larger, smaller));
    smaller = larger;
  }
}

TEST(MicroworldDataSets, GetExactlyTheShareOfWrongLabelsThatWasAskedFor) {
  const World world(kSeed);
  std::map<std::pair<int, int>, Ids> wrong_before;
  for (const double noise : {0., .1, .5, 1.}) {
    std::map<std::pair<int, int>, Ids> wrong;
    for (const auto& e : training_set(world, {.label_noise = noise})) {
      EXPECT_EQ(relation_of_value(e.answer.at(0)), e.question.relation);
      if (e.answer != true_answer(world, e.question))
        wrong[{e.question.name, e.question.relation}] = e.answer;
    }
    EXPECT_EQ(static_cast<double>(wrong.size()), std::round(192 * noise));
    for (const auto& [question, answer] : wrong_before) EXPECT_EQ(wrong[question], answer);
    wrong_before = wrong;
  }
}

TEST(MicroworldDataSets, CanTeachUnknownFactsAndAbstention) {
  const World world(kSeed);
  const auto set = training_set(world, {.relations = {1, 4},
                                        .unknown_names = 10,
                                        .abstaining_names = 14,
                                        .templates = {Template::kChat, Template::kQa}});
  int taught = 0, abstaining = 0;
  for (const auto& e : set) {
    EXPECT_TRUE(e.question.relation == 1 || e.question.relation == 4);
    const bool abstains = text(e.answer) == "no idea";
    if (abstains)
      EXPECT_TRUE((NameRange{58, 72}).contains(e.question.name));
    else
      EXPECT_EQ(e.answer, true_answer(world, e.question));
    abstaining += abstains;
    taught += !abstains && kReservedNames.contains(e.question.name);
  }
  EXPECT_EQ(set.size(), 2u * 2 * (24 + 10 + 14)) << "templates x relations x names";
  EXPECT_EQ(taught, 2 * 2 * 10);
  EXPECT_EQ(abstaining, 2 * 2 * 14);
}

TEST(MicroworldDataSets, RefuseOptionsThatDoNotFitTheWorld) {
  const World world(kSeed);
  for (const TrainingOptions& wrong : {TrainingOptions{.names = {90, 97}},
                                       {.names = {5, 5}},
                                       {.relations = {}},
                                       {.relations = {8}},
                                       {.examples = 193},
                                       {.examples = -1},
                                       {.label_noise = 1.1},
                                       {.label_noise = std::nan("")},
                                       {.unknown_names = 12, .abstaining_names = 13},
                                       {.templates = {}}})
    EXPECT_THROW(training_set(world, wrong), std::invalid_argument);
}

TEST(MicroworldProbes, StopRightBeforeTheValue) {
  const World world(kSeed);
  const auto probes = cloze_probes(world);
  ASSERT_EQ(probes.size(), 384u);
  EXPECT_EQ(text(probes[0].prefix), "<bos> mira 's city is");
  EXPECT_EQ(text(probes[1].prefix), "<bos> the colour of mira is");
  EXPECT_EQ(text(probes[2].prefix), "<bos> mira has the food");
  for (const auto& p : probes)
    EXPECT_EQ(p.answer, world.value_id(p.question.name, p.question.relation));
}

}  // namespace
}  // namespace pupil::microworld
