// What `sft --dry-run` shows of a run before it begins: the first micro-batch as the model will see
// it, and what it will be trained on.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sft/batch.h"
#include "sft/tokenizer.h"

namespace pupil::cli {

/// A record of a batch: its ids, and the weight of each in the loss (0: not supervised; the first
/// has nothing to be predicted from).
struct BatchRecord {
  std::vector<std::int32_t> ids;
  std::vector<double> weights;
};
/// The records of a batch along its rows, packed ones apart, without padding.
std::vector<BatchRecord> records_of(const Batch& batch);

/// The records as lines of text in which the supervised part is coloured, or else in [[ ]].
std::string painted(const Batch& batch, const std::optional<Tokenizer>& tokenizer, bool coloured);
/// The records as {"text", "ids", "mask"}, with "weights" where one is neither 0 nor 1.
nlohmann::ordered_json as_json(const Batch& batch, const std::optional<Tokenizer>& tokenizer);

}  // namespace pupil::cli
