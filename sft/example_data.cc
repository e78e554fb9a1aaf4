#include "sft/example_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "tensor/error.h"

namespace pupil {
namespace {

constexpr std::uint32_t kReplayStream = 1;

RowOptions row_options(const DataPlan& plan, std::uint32_t stream) {
  return {.order = plan.order,
          .seed = plan.seed,
          .stream = stream,
          .pack_length = plan.pack_length,
          .group = plan.group_by_length ? plan.micro_batch : 0};
}

const DataPlan& checked(const DataPlan& plan) {
  if (plan.micro_batch < 1 || plan.accumulate < 1) {
    throw UsageError(
        fmt::format("--micro-batch-size is {}, --accumulate {}; both must be at least 1",
                    plan.micro_batch, plan.accumulate));
  }
  return plan;
}

}  // namespace

ExampleData::ExampleData(std::shared_ptr<const ExampleSource> examples, const DataPlan& plan,
                         std::shared_ptr<const ExampleSource> replay)
    : plan_(checked(plan)), rows_(std::move(examples), row_options(plan, 0)) {
  if ((plan.replay_share > 0) != (replay != nullptr)) {
    throw UsageError("a replay set and its share of the rows go together");
  }
  if (!replay) return;
  replay_.emplace(std::move(replay), row_options(plan, kReplayStream));
  const double share = plan.replay_share;
  replay_rows_ = std::llround(double(rows_.per_epoch()) * share / (1 - share));
}

ExampleData::ExampleData(std::vector<Example> examples, std::int64_t micro_batch,
                         std::int64_t accumulate, ExampleOrder order, std::uint64_t seed,
                         PadSide pad_side)
    : ExampleData(std::make_shared<MemoryExamples>(std::move(examples)),
                  {.micro_batch = micro_batch,
                   .accumulate = accumulate,
                   .order = order,
                   .seed = seed,
                   .pad_side = pad_side}) {}

std::int64_t ExampleData::steps_per_epoch() const {
  const std::int64_t size = plan_.micro_batch * plan_.accumulate;
  return (rows_per_epoch() + size - 1) / size;
}

// Place `at` is the replay set's where the number of its rows up to there, at * share, goes up.
Example ExampleData::row(std::int64_t epoch, std::int64_t at) const {
  const auto replayed = [this](std::int64_t places) {
    return std::int64_t(std::uint64_t(places) * std::uint64_t(replay_rows_) /
                        std::uint64_t(rows_per_epoch()));
  };
  const std::int64_t before = replayed(at);
  if (replayed(at + 1) > before) return replay_->row(epoch * replay_rows_ + before);
  return rows_.row(epoch * rows_.per_epoch() + at - before);
}

std::vector<Batch> ExampleData::step(std::int64_t number) const {
  const std::int64_t epoch = number / steps_per_epoch();
  const std::int64_t size = plan_.micro_batch * plan_.accumulate;
  const std::int64_t begin = number % steps_per_epoch() * size;
  std::vector<Example> rows;
  for (std::int64_t at = begin; at < std::min(rows_per_epoch(), begin + size); ++at) {
    rows.push_back(row(epoch, at));
  }
  return batches_of(rows, plan_.micro_batch, plan_.pad_side);
}

std::vector<Batch> batches_of(const std::vector<Example>& examples, std::int64_t size,
                              PadSide pad_side) {
  std::vector<Batch> batches;
  for (std::size_t begin = 0; begin < examples.size(); begin += std::size_t(size)) {
    const std::size_t count = std::min(examples.size() - begin, std::size_t(size));
    batches.push_back(make_batch(std::span(examples).subspan(begin, count), pad_side));
  }
  return batches;
}

}  // namespace pupil
