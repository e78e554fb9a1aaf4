// Examples in reach by number, wherever they are kept.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "sft/batch.h"

namespace pupil {

class ExampleSource {
 public:
  virtual ~ExampleSource() = default;
  virtual std::int64_t size() const = 0;
  /// Tokens of example i, 0 <= i < size(); cheap.
  virtual std::int64_t length(std::int64_t i) const = 0;
  virtual Example example(std::int64_t i) const = 0;
};

class MemoryExamples : public ExampleSource {
 public:
  explicit MemoryExamples(std::vector<Example> examples) : examples_(std::move(examples)) {}
  std::int64_t size() const override { return std::int64_t(examples_.size()); }
  std::int64_t length(std::int64_t i) const override {
    return std::int64_t(examples_[std::size_t(i)].ids.size());
  }
  Example example(std::int64_t i) const override { return examples_[std::size_t(i)]; }

 private:
  std::vector<Example> examples_;
};

}  // namespace pupil
