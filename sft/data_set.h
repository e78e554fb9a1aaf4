// A file of records as a training set of any size: read through once, when every record is rendered
// and counted, and from then on by place, record for record as a step asks for them.
//
// Memory: 8 bytes a record (the order of an epoch, sft/row_sequence.h, takes 4 more, packed 8: 16
// in all), one record as text and as ids, and the file's buffer.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "sft/example_source.h"
#include "sft/rendered_records.h"

namespace pupil {

/// A record as an example: labels shifted into targets.
Example to_example(const Rendered& rendered);

class DataSet : public ExampleSource {
 public:
  /// Reads the file. `progress` is told the bytes read so far, now and then. Throws InputError:
  /// what RenderedRecords finds, a pipe, a file of more than 2^40 bytes, a record of 2^24 tokens.
  explicit DataSet(RenderedRecords records,
                   const std::function<void(std::uint64_t bytes)>& progress = {});

  std::int64_t size() const override { return size_; }
  std::int64_t length(std::int64_t i) const override { return place(i).tokens; }
  /// Throws InputError when the file has changed since it was read.
  Example example(std::int64_t i) const override { return to_example(rendered(i)); }
  Rendered rendered(std::int64_t i) const;

  const RenderReport& report() const { return records_.report(); }
  const RecordReader& reader() const { return records_.reader(); }

 private:
  struct Place {
    std::uint64_t offset : 40;
    std::uint64_t tokens : 24;
  };
  static_assert(sizeof(Place) == 8);
  // The list grows by blocks: copied into larger memory it would need three times its size.
  static constexpr std::int64_t kBlock = 1 << 16;

  const Place& place(std::int64_t i) const {
    return blocks_[std::size_t(i / kBlock)][std::size_t(i % kBlock)];
  }
  void add(std::uint64_t offset, std::uint64_t tokens);

  mutable RenderedRecords records_;  // reading moves its place in the file
  std::vector<std::unique_ptr<Place[]>> blocks_;
  std::int64_t size_ = 0;
};

}  // namespace pupil
