// Reports on things found on disk, as JSON that `inspect` prints.
#pragma once
#include <nlohmann/json.hpp>

#include "cli/inspect_records.h"

namespace pupil::cli {

/// Recognises a model folder, adapter folder, run folder, safetensors file or file of records, and
/// reports counts, types, lengths, mask share and warnings (NaN, wrong shapes, missing names).
/// Throws InputError for anything it cannot read.
/// What to look for in records comes with their path.
nlohmann::ordered_json inspect_path(const RecordsInspection& records);

}  // namespace pupil::cli
