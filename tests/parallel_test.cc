#include "kernels/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

namespace pupil {
namespace {

// Leaves the number of threads as it was.
class Parallel : public testing::Test {
 protected:
  void TearDown() override { set_threads(before_); }

 private:
  int before_ = threads();
};

TEST_F(Parallel, CallsEachIndexExactlyOnce) {
  for (int count : {1, 2, 3, 5}) {
    set_threads(count);
    EXPECT_EQ(threads(), count);
    for (std::int64_t n : {0, 1, 2, 3, 4, 5, 7, 64, 1000}) {
      std::vector<int> calls(n, 0);
      parallel_for(n, [&](std::int64_t i) { ++calls[i]; });
      EXPECT_EQ(calls, std::vector<int>(n, 1)) << n << " indices, " << count << " threads";
    }
  }
}

TEST_F(Parallel, GivesEveryThreadOneContiguousRange) {
  set_threads(3);
  std::vector<std::thread::id> owner(100);
  parallel_for(100, [&](std::int64_t i) { owner[i] = std::this_thread::get_id(); });
  int changes = 0;
  for (int i = 1; i < 100; ++i) changes += owner[i] != owner[i - 1];
  EXPECT_EQ(changes, 2);
  EXPECT_EQ(owner[0], std::this_thread::get_id()) << "the caller works on the first range";
  EXPECT_EQ(std::set(owner.begin(), owner.end()).size(), 3u);
}

TEST_F(Parallel, RunsInlineWithOneIndexOrOneThread) {
  const auto caller = std::this_thread::get_id();
  set_threads(4);
  parallel_for(1, [&](std::int64_t) { EXPECT_EQ(std::this_thread::get_id(), caller); });
  set_threads(1);
  parallel_for(9, [&](std::int64_t) { EXPECT_EQ(std::this_thread::get_id(), caller); });
}

TEST_F(Parallel, RunsInlineInsideAnotherLoop) {
  set_threads(3);
  std::vector<int> sums(6, 0);
  parallel_for(6, [&](std::int64_t i) {
    const auto self = std::this_thread::get_id();
    parallel_for(10, [&](std::int64_t j) {
      EXPECT_EQ(std::this_thread::get_id(), self);
      sums[i] += static_cast<int>(j);
    });
  });
  EXPECT_EQ(sums, std::vector<int>(6, 45));
}

TEST_F(Parallel, ServesSeveralCallersAtOnce) {
  set_threads(2);
  std::atomic<std::int64_t> total{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        parallel_for(8, [&](std::int64_t i) { total += i; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total, 4 * 500 * 28);
}

TEST_F(Parallel, WakesWorkersThatHaveGoneToSleep) {
  set_threads(3);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // much longer than they spin
    std::vector<int> calls(30, 0);
    parallel_for(30, [&](std::int64_t i) { ++calls[i]; });
    EXPECT_EQ(std::accumulate(calls.begin(), calls.end(), 0), 30);
  }
}

TEST_F(Parallel, SeesWhatTheCallerWroteAndTheCallerSeesTheResult) {
  set_threads(4);
  std::vector<std::int64_t> in(64), out(64);
  for (std::int64_t round = 0; round < 2000; ++round) {
    for (auto& x : in) x = round;
    parallel_for(64, [&](std::int64_t i) { out[i] = in[i] + i; });
    for (std::int64_t i = 0; i < 64; ++i) ASSERT_EQ(out[i], round + i);
  }
}

TEST_F(Parallel, TakesFunctionsThatCannotBeCopied) {
  struct Sum {
    std::atomic<std::int64_t> value{0};
    void operator()(std::int64_t i) { value += i; }
  } sum;
  parallel_for(5, sum);
  EXPECT_EQ(sum.value, 10);
}

TEST_F(Parallel, FewerThanOneThreadMeansOne) {
  set_threads(0);
  EXPECT_EQ(threads(), 1);
  set_threads(-3);
  EXPECT_EQ(threads(), 1);
}

}  // namespace
}  // namespace pupil
