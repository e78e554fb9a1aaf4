// A file of records as the model will see it: one record after the other, in memory for one.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "sft/record.h"
#include "sft/render.h"

namespace pupil {

/// What happens to a record that is too long. max_length 0 is no limit.
struct LengthLimit {
  std::int64_t max_length = 0;
  Truncation truncation = Truncation::kError;
};

class RenderedRecords {
 public:
  RenderedRecords(RecordReader reader, Renderer renderer, LengthLimit limit);

  /// The next record that is kept. Nothing at the end of the file. Throws InputError naming file
  /// and line (a record that the template or the vocabulary has no place for is skipped where the
  /// reader skips bad ones), and when the file ends without any.
  std::optional<Rendered> next();
  /// Where the record that next() gave last begins, for at().
  std::uint64_t offset() const { return offset_; }
  /// A record that next() gave once. Throws InputError when the file has changed since.
  Rendered at(std::uint64_t offset);
  /// From the first record again, with an empty report. Throws InputError for a pipe.
  void rewind();

  /// Of the records so far.
  const RenderReport& report() const { return report_; }
  const RecordReader& reader() const { return reader_; }
  const Renderer& renderer() const { return renderer_; }
  const LengthLimit& limit() const { return limit_; }

 private:
  void expect_some() const;

  RecordReader reader_;
  Renderer renderer_;
  LengthLimit limit_;
  RenderReport report_;
  std::uint64_t offset_ = 0;
};

}  // namespace pupil
