#include "sft/example_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "kernels/random.h"
#include "tensor/error.h"

namespace pupil {

ExampleData::ExampleData(std::vector<Example> examples, std::int64_t micro_batch,
                         std::int64_t accumulate, ExampleOrder order, std::uint64_t seed,
                         PadSide pad_side)
    : examples_(std::move(examples)),
      micro_batch_(micro_batch),
      accumulate_(accumulate),
      order_(order),
      seed_(seed),
      pad_side_(pad_side) {
  if (examples_.empty()) throw InputError("there is no example to train on");
  if (micro_batch < 1 || accumulate < 1) {
    throw UsageError(
        fmt::format("--micro-batch-size is {}, --accumulate {}; both must be at least 1",
                    micro_batch, accumulate));
  }
}

std::int64_t ExampleData::steps_per_epoch() const {
  const std::int64_t size = micro_batch_ * accumulate_;
  return (std::int64_t(examples_.size()) + size - 1) / size;
}

// Fisher and Yates with numbers from (seed, epoch).
std::vector<std::size_t> ExampleData::order_of(std::int64_t epoch) const {
  std::vector<std::size_t> order(examples_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order_ == ExampleOrder::kFile) return order;
  for (std::size_t left = order.size(); left > 1; --left) {
    const PhiloxWords w = philox(left, std::uint64_t(epoch), seed_);
    std::swap(order[left - 1], order[std::size_t(uniform(w.word[0], w.word[1]) * double(left))]);
  }
  return order;
}

std::vector<Batch> ExampleData::step(std::int64_t number) const {
  const std::vector<std::size_t> order = order_of(number / steps_per_epoch());
  const std::size_t size = std::size_t(micro_batch_ * accumulate_);
  const std::size_t begin = std::size_t(number % steps_per_epoch()) * size;
  const std::size_t end = std::min(order.size(), begin + size);
  std::vector<Example> chosen;
  for (std::size_t i = begin; i < end; ++i) chosen.push_back(examples_[order[i]]);
  return batches_of(chosen, micro_batch_, pad_side_);
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
