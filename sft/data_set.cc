#include "sft/data_set.h"

#include <fmt/format.h>

#include "tensor/error.h"

namespace pupil {

Example to_example(const Rendered& rendered) {
  return {rendered.ids, targets_from(rendered.labels), {}, {}, 1, target_weights(rendered)};
}

DataSet::DataSet(RenderedRecords records, const std::function<void(std::uint64_t)>& progress)
    : records_(std::move(records)) {
  constexpr std::int64_t kTold = 1 << 14;  // records between two calls of progress
  if (!reader().size()) {
    throw InputError(fmt::format(
        "{}: is a pipe or a device, and records are read more than once; save them as a file first",
        reader().path()));
  }
  while (const auto rendered = records_.next()) {
    add(records_.offset(), rendered->ids.size());
    if (progress && size_ % kTold == 0) progress(reader().position());
  }
}

void DataSet::add(std::uint64_t offset, std::uint64_t tokens) {
  if (offset >= std::uint64_t(1) << 40) {
    throw InputError(
        fmt::format("{}: is longer than 2^40 bytes; split it into several files", reader().path()));
  }
  if (tokens >= std::uint64_t(1) << 24) {
    throw InputError(
        fmt::format("{}: the record at byte {} has {} tokens, 2^24 or more; limit it "
                    "with --max-length",
                    reader().path(), offset, tokens));
  }
  if (size_ % kBlock == 0) blocks_.push_back(std::make_unique<Place[]>(kBlock));
  blocks_.back()[std::size_t(size_++ % kBlock)] = {offset, tokens};
}

Rendered DataSet::rendered(std::int64_t i) const {
  Rendered rendered = records_.at(place(i).offset);
  if (rendered.ids.size() == place(i).tokens) return rendered;
  throw InputError(fmt::format(
      "{}: the record at byte {} had {} tokens and now has {}; a file must not change "
      "while it is in use",
      reader().path(), place(i).offset, std::uint64_t(place(i).tokens), rendered.ids.size()));
}

}  // namespace pupil
