// Reports on things found on disk, as JSON that `inspect` prints.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace pupil::cli {

/// Recognises a model folder, adapter folder, run folder, safetensors file or file of records, and
/// reports counts, types, lengths, mask share and warnings (NaN, wrong shapes, missing names).
/// Throws InputError for anything it cannot read.
nlohmann::ordered_json inspect_path(const std::string& path);

}  // namespace pupil::cli
