// The order of rows: every example once an epoch, another order in each, packed, grouped, replayed,
// and always a pure function of its number.
#include "sft/row_sequence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "sft/example_data.h"
#include "tensor/error.h"
#include "tests/text_files.h"

namespace pupil {
namespace {

// Example i has `lengths[i]` tokens, all of them the id i.
std::shared_ptr<MemoryExamples> source(const std::vector<std::int64_t>& lengths,
                                       std::int32_t first_id = 0) {
  std::vector<Example> examples;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const std::vector<std::int32_t> ids(std::size_t(lengths[i]), first_id + std::int32_t(i));
    examples.push_back({ids, ids, {}, {}});
  }
  return std::make_shared<MemoryExamples>(std::move(examples));
}
std::vector<std::int64_t> lengths_of(int n) {
  std::vector<std::int64_t> lengths;
  for (int i = 0; i < n; ++i) lengths.push_back(1 + i * 7 % 11);
  return lengths;
}
/// The examples of a row, in order.
std::vector<std::int32_t> members(const Example& row) {
  std::vector<std::int32_t> ids = row.ids;
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}
using Epoch = std::vector<std::vector<std::int32_t>>;
Epoch epoch_of(const RowSequence& rows, std::int64_t epoch) {
  Epoch list;
  for (std::int64_t i = 0; i < rows.per_epoch(); ++i) {
    list.push_back(members(rows.row(epoch * rows.per_epoch() + i)));
  }
  return list;
}
std::vector<std::int32_t> flat(const Epoch& epoch) {
  std::vector<std::int32_t> ids;
  for (const auto& row : epoch) ids.insert(ids.end(), row.begin(), row.end());
  return ids;
}
std::vector<std::int32_t> sorted(std::vector<std::int32_t> ids) {
  std::sort(ids.begin(), ids.end());
  return ids;
}

const std::vector<RowOptions> kOptions = {
    {.order = ExampleOrder::kFile},
    {.order = ExampleOrder::kShuffle, .seed = 3},
    {.order = ExampleOrder::kFile, .pack_length = 16},
    {.order = ExampleOrder::kShuffle, .seed = 3, .pack_length = 16},
    {.order = ExampleOrder::kFile, .group = 2},
    {.order = ExampleOrder::kShuffle, .seed = 3, .group = 2},
};

TEST(RowSequence, HoldsEveryExampleOnceAnEpoch) {
  const auto examples = source(lengths_of(300));
  for (const RowOptions& options : kOptions) {
    const RowSequence rows(examples, options);
    for (const std::int64_t epoch : {0, 1, 5}) {
      std::vector<std::int32_t> all(300);
      for (int i = 0; i < 300; ++i) all[std::size_t(i)] = i;
      EXPECT_EQ(sorted(flat(epoch_of(rows, epoch))), all);
    }
  }
}

TEST(RowSequence, IsAPureFunctionOfTheNumber) {
  const auto examples = source(lengths_of(200));
  for (const RowOptions& options : kOptions) {
    const RowSequence rows(examples, options), again(examples, options);
    const Epoch second = epoch_of(rows, 1), first = epoch_of(rows, 0);
    for (std::int64_t i = 2 * rows.per_epoch() - 1; i >= 0; i -= 3) {  // backwards, across epochs
      const Epoch& epoch = i < rows.per_epoch() ? first : second;
      EXPECT_EQ(members(again.row(i)), epoch[std::size_t(i % rows.per_epoch())]);
    }
  }
}

TEST(RowSequence, ShufflesEveryEpochAnewAndBySeedAndFileOrderDoesNot) {
  const auto examples = source(lengths_of(200));
  for (RowOptions options : kOptions) {
    const RowSequence rows(examples, options);
    const bool shuffles = options.order == ExampleOrder::kShuffle;
    EXPECT_EQ(epoch_of(rows, 0) != epoch_of(rows, 1), shuffles);
    options.seed += 1;
    EXPECT_EQ(epoch_of(RowSequence(examples, options), 0) != epoch_of(rows, 0), shuffles);
    options.seed -= 1;
    options.stream = 1;
    EXPECT_EQ(epoch_of(RowSequence(examples, options), 0) != epoch_of(rows, 0), shuffles);
  }
}

// Each of n examples stands first in 1/n of the epochs.
TEST(RowSequence, EveryOrderIsAsLikely) {
  constexpr int kExamples = 4, kEpochs = 2400;
  const RowSequence rows(source({1, 1, 1, 1}), {.seed = 8});
  std::map<std::vector<std::int32_t>, int> counts;
  for (int epoch = 0; epoch < kEpochs; ++epoch) ++counts[flat(epoch_of(rows, epoch))];
  EXPECT_EQ(counts.size(), 24u);
  double chi_square = 0;
  for (const auto& [order, count] : counts) chi_square += (count - 100) * (count - 100) / 100.0;
  EXPECT_LT(chi_square, 49.7) << "23 degrees of freedom: exceeded once in a thousand";
  static_assert(kEpochs == 100 * 24 && kExamples == 4);
}

TEST(RowSequence, B76_ShuffledNeighboursInARowAreOthersInEveryEpoch) {
  const auto examples = source(std::vector<std::int64_t>(400, 4));
  const RowSequence rows(examples, {.order = ExampleOrder::kShuffle, .seed = 5, .pack_length = 8});
  ASSERT_EQ(rows.per_epoch(), 200);
  std::set<std::vector<std::int32_t>> pairs;
  int adjacent = 0;
  for (const std::int64_t epoch : {0, 1, 2}) {
    for (auto& row : epoch_of(rows, epoch)) {
      ASSERT_EQ(row.size(), 2u);
      adjacent += std::abs(row[0] - row[1]) == 1;
      pairs.insert(sorted(row));
    }
  }
  EXPECT_GT(pairs.size(), 590u) << "600 pairs, hardly one twice";
  EXPECT_LT(adjacent, 20) << "3 are expected by chance";
}

TEST(RowSequence, PackedRowsAreManyExamplesApart) {
  const RowSequence rows(source({3, 2, 1, 5}), {.order = ExampleOrder::kFile, .pack_length = 6});
  ASSERT_EQ(rows.per_epoch(), 2);
  const Example row = rows.row(0);
  EXPECT_EQ(row.ids, (std::vector<std::int32_t>{0, 0, 0, 1, 1}));
  EXPECT_EQ(row.records, 2);
  EXPECT_EQ(rows.row(1).records, 2);
}

TEST(RowSequence, GroupsHoldRowsOfAboutOneLength) {
  const auto examples = source(lengths_of(1000));
  const auto padding = [&](std::int64_t group, ExampleOrder order) {
    const RowSequence rows(examples, {.order = order, .seed = 1, .group = group});
    std::int64_t empty = 0;
    for (std::int64_t i = 0; i < 1000; i += 8) {
      std::int64_t longest = 0, tokens = 0;
      for (std::int64_t k = i; k < i + 8; ++k) {
        const auto n = std::int64_t(rows.row(k).ids.size());
        longest = std::max(longest, n);
        tokens += n;
      }
      empty += 8 * longest - tokens;
    }
    return empty;
  };
  EXPECT_LT(10 * padding(8, ExampleOrder::kShuffle), padding(0, ExampleOrder::kShuffle));
  EXPECT_LT(10 * padding(8, ExampleOrder::kFile), padding(0, ExampleOrder::kFile));
  // Long and short groups come mixed.
  const RowSequence rows(examples, {.seed = 1, .group = 8});
  int rises = 0;
  for (std::int64_t i = 0; i + 8 < 512; i += 8) {
    rises += rows.row(i + 8).ids.size() > rows.row(i).ids.size();
  }
  EXPECT_GT(rises, 12);
  EXPECT_LT(rises, 51);
}

// ---- steps --------------------------------------------------------------------------------------

std::vector<std::int32_t> ids_in(const std::vector<Batch>& step) {
  std::vector<std::int32_t> ids;
  for (const Batch& batch : step) {
    const std::int64_t T = batch.input.ids.shape()[1];
    for (std::int64_t b = 0; b < batch.input.ids.shape()[0]; ++b) {
      ids.push_back(batch.input.ids.data<std::int32_t>()[b * T]);
    }
  }
  return ids;
}

TEST(ExampleData, ReplaysItsShareSpreadOverAllStepsAndGoesOnInEveryEpoch) {
  const auto main = source(std::vector<std::int64_t>(30, 2));
  const auto replay = source(std::vector<std::int64_t>(7, 2), 100);
  const DataPlan plan{
      .micro_batch = 4, .accumulate = 2, .order = ExampleOrder::kFile, .replay_share = 0.25};
  const ExampleData data(main, plan, replay);
  EXPECT_EQ(data.rows_per_epoch(), 40);
  EXPECT_EQ(data.steps_per_epoch(), 5);
  std::vector<std::int32_t> replayed, own;
  for (std::int64_t k = 0; k < 10; ++k) {
    int here = 0;
    for (const std::int32_t id : ids_in(data.step(k))) {
      (id >= 100 ? replayed : own).push_back(id);
      here += id >= 100;
    }
    EXPECT_EQ(here, 2) << "of 8 rows in step " << k;
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(replayed[std::size_t(i)], 100 + i % 7);
  for (int i = 0; i < 60; ++i) EXPECT_EQ(own[std::size_t(i)], i % 30);
}

TEST(ExampleData, B80_TheNumberOfStepsCountsPackedRows) {
  const auto examples = source(std::vector<std::int64_t>(50, 4));
  const DataPlan packed{.micro_batch = 3, .accumulate = 2, .pack_length = 16};
  EXPECT_EQ(ExampleData(examples, packed).rows_per_epoch(), 13);
  EXPECT_EQ(ExampleData(examples, packed).steps_per_epoch(), 3);
  EXPECT_EQ(ExampleData(examples, {.micro_batch = 3, .accumulate = 2}).steps_per_epoch(), 9);
  std::int64_t records = 0;
  for (std::int64_t k = 0; k < 3; ++k) {
    for (const Batch& batch : ExampleData(examples, packed).step(k)) records += batch.n_examples;
  }
  EXPECT_EQ(records, 50);
}

TEST(ExampleData, B80_RefusesWhatWouldHaveNoEffect) {
  const auto examples = source({1, 2});
  EXPECT_THROW(ExampleData(examples, {.replay_share = 0.5}), UsageError);
  EXPECT_THROW(ExampleData(examples, {}, examples), UsageError);
  EXPECT_THROW(ExampleData(examples, {.micro_batch = 0}), UsageError);
  expect_contains(input_error([] { ExampleData(source({}), {}); }), "no example");
}

}  // namespace
}  // namespace pupil
