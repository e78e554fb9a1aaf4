#include "sft/rendered_records.h"

#include <fmt/format.h>

#include "tensor/error.h"

namespace pupil {

RenderedRecords::RenderedRecords(RecordReader reader, Renderer renderer, LengthLimit limit)
    : reader_(std::move(reader)), renderer_(std::move(renderer)), limit_(limit) {}

std::optional<Rendered> RenderedRecords::next() {
  while (const auto record = reader_.next()) {
    Rendered rendered;
    try {
      rendered = renderer_.render(*record);
    } catch (const InputError& error) {
      reader_.refuse(*record, error.what());
      continue;
    }
    offset_ = record->offset;
    try {
      if (fit(rendered, limit_.max_length, limit_.truncation, report_)) return rendered;
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}:{}: {}", reader_.path(), record->line, error.what()));
    }
  }
  expect_some();
  return std::nullopt;
}

void RenderedRecords::expect_some() const {
  if (report_.kept() > 0) return;
  if (report_.dropped > 0) {
    throw InputError(fmt::format(
        "{}: every one of {} records is longer than {} tokens; raise --max-length or cut them with "
        "--truncate start or end",
        reader_.path(), report_.records, limit_.max_length));
  }
  reader_.throw_empty();
}

void RenderedRecords::rewind() {
  reader_.rewind();
  report_ = {};
}

Rendered RenderedRecords::at(std::uint64_t offset) {
  Rendered rendered = renderer_.render(reader_.at(offset));
  if (limit_.max_length > 0) fit(rendered, limit_.max_length, limit_.truncation);
  return rendered;
}

}  // namespace pupil
