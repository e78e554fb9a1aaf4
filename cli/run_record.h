// run.json: what a run was made of, so that it can be repeated and compared.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "cli/interrupt.h"  // what is recorded can be interrupted and resumed

namespace pupil::cli {

/// Version, kernels, BLAS, threads, seed, dtype.
nlohmann::ordered_json environment_record();
/// Writes FOLDER/run.json atomically: `record` and the environment.
void write_run_record(const std::string& folder, nlohmann::ordered_json record);
/// A hash that changes with any of the settings, for refusing to resume another run. Paths do not
/// count: the hashes beside them say what was there.
std::string fingerprint(const nlohmann::ordered_json& settings);
/// Throws InputError naming the settings in which FOLDER's run.json differs from `settings`;
/// nothing without a run.json.
void expect_same_run(const std::string& folder, const nlohmann::ordered_json& settings);

}  // namespace pupil::cli
