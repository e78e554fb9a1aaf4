#include "sft/text_data.h"

#include <fmt/format.h>

#include "kernels/random.h"
#include "tensor/error.h"

namespace pupil {

TextData::TextData(std::vector<std::int32_t> ids, double val_fraction, std::int64_t context)
    : ids_(std::move(ids)),
      train_end_(std::int64_t(double(ids_.size()) * (1 - val_fraction))),
      context_(context) {
  const auto need = [&](std::int64_t have, const char* part) {
    if (have > context) return;
    throw InputError(
        fmt::format("the {} part of the text has {} tokens; a window of the context {} "
                    "needs {}: take a longer text or a smaller --context",
                    part, have, context, context + 1));
  };
  need(train_end_, "training");
  if (val_fraction > 0) need(validation_tokens(), "validation");
}

Example TextData::window(std::int64_t begin) const {
  const auto from = ids_.begin() + begin;
  return {{from, from + context_}, {from + 1, from + context_ + 1}, {}, {}};
}

Batch TextData::training_batch(std::uint64_t seed, std::int64_t number, std::int64_t rows) const {
  std::vector<Example> windows;
  const double places = double(train_end_ - context_);
  for (std::int64_t row = 0; row < rows; ++row) {
    const PhiloxWords w = philox(std::uint64_t(row), std::uint64_t(number), seed);
    windows.push_back(window(std::int64_t(uniform(w.word[0], w.word[1]) * places)));
  }
  return make_batch(windows);
}

std::vector<Batch> TextData::validation_batches(std::int64_t rows) const {
  std::vector<Batch> batches;
  std::vector<Example> windows;
  const std::int64_t end = std::int64_t(ids_.size());
  for (std::int64_t begin = train_end_; begin + context_ < end; begin += context_) {
    windows.push_back(window(begin));
    const bool is_last = begin + 2 * context_ >= end;
    if (std::int64_t(windows.size()) < rows && !is_last) continue;
    batches.push_back(make_batch(windows));
    windows.clear();
  }
  return batches;
}

}  // namespace pupil
