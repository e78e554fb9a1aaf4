// Best fit decreasing: what it promises for any lengths, and that it is what its name says.
#include "sft/packing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "nn/strict_json.h"
#include "tests/text_files.h"

namespace pupil {
namespace {

using Lengths = std::vector<std::int64_t>;

Packing pack(const Lengths& lengths, std::int64_t capacity) {
  return pack_best_fit(
      std::int64_t(lengths.size()), [&](std::int64_t i) { return lengths[std::size_t(i)]; },
      capacity);
}
Lengths random_lengths(std::size_t n, std::int64_t longest, unsigned seed) {
  std::mt19937 random(seed);
  Lengths lengths;
  for (std::size_t i = 0; i < n; ++i) lengths.push_back(1 + std::int64_t(random() % longest));
  return lengths;
}

TEST(Packing, B74_B78_HoldsEveryRecordOnceAndNoRowIsTooLong) {
  for (const std::int64_t capacity : {1, 7, 64, 1024}) {
    for (const std::size_t n : {1, 2, 50, 3000}) {
      const Lengths lengths = random_lengths(n, capacity, unsigned(n));
      const Packing packing = pack(lengths, capacity);
      std::vector<int> seen(n, 0);
      for (std::int64_t r = 0; r < packing.rows(); ++r) {
        std::int64_t tokens = 0;
        for (const std::uint32_t i : packing.row(r)) ++seen[i], tokens += lengths[i];
        EXPECT_LE(tokens, capacity);
      }
      EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), std::ptrdiff_t(n));
    }
  }
}

// The definition, in quadratic time: each record, longest first, into the row with the least room
// that takes it. What is left of each row's room, sorted.
Lengths rooms_by_definition(Lengths lengths, std::int64_t capacity) {
  std::stable_sort(lengths.begin(), lengths.end(), std::greater<>());
  Lengths rooms;
  for (const std::int64_t n : lengths) {
    auto best = rooms.end();
    for (auto room = rooms.begin(); room != rooms.end(); ++room) {
      if (*room >= n && (best == rooms.end() || *room < *best)) best = room;
    }
    best == rooms.end() ? rooms.push_back(capacity - n) : void(*best -= n);
  }
  std::sort(rooms.begin(), rooms.end());
  return rooms;
}

TEST(Packing, B75_IsBestFitDecreasing) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    const std::int64_t capacity = 5 + seed % 40;
    const Lengths lengths = random_lengths(1 + seed % 60, capacity, seed);
    const Packing packing = pack(lengths, capacity);
    Lengths rooms;
    for (std::int64_t r = 0; r < packing.rows(); ++r) {
      std::int64_t room = capacity, before = capacity;
      for (const std::uint32_t i : packing.row(r)) {
        EXPECT_LE(lengths[i], before) << "longest first";
        before = lengths[i];
        room -= lengths[i];
      }
      rooms.push_back(room);
    }
    std::sort(rooms.begin(), rooms.end());
    EXPECT_EQ(rooms, rooms_by_definition(lengths, capacity)) << "seed " << seed;
  }
  // First fit would put 3 beside 14, where there is room for 6.
  const Packing packing = pack({14, 9, 8, 3}, 20);
  ASSERT_EQ(packing.rows(), 2);
  EXPECT_EQ(packing.row(0), (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(packing.row(1), (std::vector<std::uint32_t>{1, 2, 3}));
}

// No packing has fewer rows than the tokens need, and best fit decreasing stays below 11/9 of the
// best one, plus 4.
TEST(Packing, NeedsFewRows) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Lengths lengths = random_lengths(5000, 512, seed);
    const double least =
        double(std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0})) / 512;
    EXPECT_LE(double(pack(lengths, 512).rows()), 1.02 * least + 4);
  }
}

TEST(Packing, B69_B77_ARecordLongerThanARowIsRefusedAndNeverLost) {
  for (const std::int64_t n : {0, 33, 65, 160}) {
    expect_contains(input_error([&] {
                      pack({5, n, 7}, 32);
                    }),
                    "record 1 has " + std::to_string(n) + " tokens; rows take 1 to 32");
  }
}

TEST(Packing, OfEquallyLongRecordsTheEarlierInTheOrderGoesFirst) {
  const auto four = [](std::int64_t) { return std::int64_t{4}; };
  const Packing packing = pack_best_fit({3, 0, 2, 1}, four, 8);
  ASSERT_EQ(packing.rows(), 2);
  EXPECT_EQ(packing.row(0), (std::vector<std::uint32_t>{2, 1})) << "rows rise with their first";
  EXPECT_EQ(packing.row(1), (std::vector<std::uint32_t>{3, 0}));
}

// In quadratic time this would not end: a million records, hardly one row full before the last.
TEST(Packing, OfAMillionRecordsEnds) {
  const Lengths lengths = random_lengths(1'000'000, 1000, 1);
  const Packing packing = pack(lengths, 4096);
  const double tokens = double(std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}));
  EXPECT_LE(double(packing.rows()), 1.001 * tokens / 4096);
}

TEST(Packing, TakesTheRowsOfTheReferencePacker) {
  const std::string path = shared_path("golden/sft/packing_trl.json");
  SKIP_WITHOUT(path);
  const auto json = read_json_file(path);
  const std::int64_t capacity = json["max_length"];
  Lengths lengths;
  for (const std::int64_t n : json["lengths"]) lengths.push_back(std::min(n, capacity));
  const Packing packing = pack(lengths, capacity);
  std::vector<std::vector<std::int64_t>> rows, expected;
  for (std::int64_t r = 0; r < packing.rows(); ++r) {
    rows.emplace_back();
    for (const std::uint32_t i : packing.row(r)) {
      for (std::int64_t t = 0; t < lengths[i]; ++t) rows.back().push_back(100 * i + t);
    }
  }
  for (const auto& row : json["bfd"]["input_ids"]) expected.push_back(row);
  std::sort(rows.begin(), rows.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(rows, expected);
}

}  // namespace
}  // namespace pupil
