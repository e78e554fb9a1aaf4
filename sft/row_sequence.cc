#include "sft/row_sequence.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "kernels/random.h"
#include "tensor/error.h"

namespace pupil {
namespace {

// What a shuffle is for: part of the stream of its random numbers.
enum class Use : std::uint64_t { kExamples, kRows, kGroups };

class Shuffler {
 public:
  Shuffler(std::uint64_t seed, std::uint32_t stream, std::int64_t epoch)
      : seed_(seed), stream_(std::uint64_t(stream) << 40 | std::uint64_t(epoch)) {}

  /// `part` tells apart shuffles of the same use.
  void operator()(std::span<std::uint32_t> values, Use use, std::uint64_t part = 0) const {
    const std::uint64_t stream = stream_ | std::uint64_t(use) << 62;
    for (std::size_t left = values.size(); left > 1; --left) {
      const PhiloxWords w = philox(left | part << 32, stream, seed_);
      const double place = uniform(w.word[0], w.word[1]) * double(left);
      std::swap(values[left - 1], values[std::size_t(place)]);
    }
  }

 private:
  std::uint64_t seed_, stream_;
};

// Groups in another order; one that is smaller than the others stays last.
void mix_groups(std::span<std::uint32_t> window, std::size_t group, const Shuffler& shuffle,
                std::uint64_t number) {
  std::vector<std::uint32_t> groups(window.size() / group);
  std::iota(groups.begin(), groups.end(), 0u);
  shuffle(groups, Use::kGroups, number);
  const std::vector<std::uint32_t> sorted(window.begin(), window.end());
  auto to = window.begin();
  for (const std::uint32_t g : groups) {
    to = std::copy_n(sorted.begin() + std::ptrdiff_t(g * group), group, to);
  }
}

}  // namespace

RowSequence::RowSequence(std::shared_ptr<const ExampleSource> source, RowOptions options)
    : source_(std::move(source)), options_(options) {
  if (source_->size() == 0) throw InputError("there is no example to train on");
  if (source_->size() >= Packing::kNone - 1) {
    throw InputError(fmt::format("{} records; at most {} can be told apart", source_->size(),
                                 Packing::kNone - 2));
  }
  begin(0);
  rows_ = options_.pack_length > 0 ? packing_.rows() : source_->size();
}

void RowSequence::begin(std::int64_t epoch) const {
  if (epoch == epoch_) return;
  const Shuffler shuffle(options_.seed, options_.stream, epoch);
  const bool shuffles = options_.order == ExampleOrder::kShuffle;
  packing_ = {};
  order_.resize(std::size_t(source_->size()));
  std::iota(order_.begin(), order_.end(), 0u);
  if (shuffles) shuffle(std::span(order_), Use::kExamples);
  if (options_.pack_length > 0) {
    const auto length = [this](std::int64_t i) { return source_->length(i); };
    packing_ = pack_best_fit(std::move(order_), length, options_.pack_length);
    order_ = {};
    if (shuffles) shuffle(std::span(packing_.first), Use::kRows);
  } else if (options_.group > 0) {
    const std::size_t size = std::size_t(options_.group * kWindow);
    for (std::size_t at = 0; at < order_.size(); at += size) {
      const auto window = std::span(order_).subspan(at, std::min(size, order_.size() - at));
      std::stable_sort(window.begin(), window.end(), [this](std::uint32_t a, std::uint32_t b) {
        return source_->length(a) < source_->length(b);
      });
      if (shuffles) mix_groups(window, std::size_t(options_.group), shuffle, at / size);
    }
  }
  epoch_ = epoch;
}

Example RowSequence::row(std::int64_t number) const {
  begin(number / rows_);
  const std::int64_t at = number % rows_;
  if (options_.pack_length == 0) return source_->example(order_[std::size_t(at)]);
  std::vector<Example> examples;
  for (const std::uint32_t record : packing_.row(at)) examples.push_back(source_->example(record));
  return join(examples);
}

std::vector<Example> all_rows(const RowSequence& rows) {
  std::vector<Example> list;
  for (std::int64_t i = 0; i < rows.per_epoch(); ++i) list.push_back(rows.row(i));
  return list;
}

}  // namespace pupil
