// run.json: what a run was made of, so that it can be repeated and compared.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace pupil::cli {

/// Version, kernels, BLAS, threads, seed, dtype.
nlohmann::ordered_json environment_record();
/// Writes FOLDER/run.json atomically: `record` and the environment.
void write_run_record(const std::string& folder, nlohmann::ordered_json record);
/// A hash that changes with any of the settings, for refusing to resume another run.
std::string fingerprint(const nlohmann::ordered_json& settings);

/// True once Ctrl-C was pressed, after watch_interrupt(); a second Ctrl-C ends the program at once.
void watch_interrupt();
bool interrupt_requested();

}  // namespace pupil::cli
