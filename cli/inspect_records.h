// What is in a file of records, and what a model would see of it.
#pragma once
#include <nlohmann/json.hpp>

#include "cli/batch_options.h"

namespace pupil::cli {

struct RecordsInspection {
  std::string model, tokenizer;  ///< folders; without either, lengths of text are in bytes
  DataOptions data;
  BatchOptions batches;
};

/// Counts, lengths, mask share, what truncation would cut and drop, duplicates, unknown roles. In
/// memory: 12 bytes a record. Throws InputError for a file without a usable record.
nlohmann::ordered_json inspect_records(const RecordsInspection& settings);

}  // namespace pupil::cli
