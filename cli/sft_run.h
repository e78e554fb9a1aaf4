// One run of `sft`: model and records in, model or adapter out.
#pragma once
#include "cli/sft_settings.h"

namespace pupil::cli {

/// Trains, or with --dry-run counts and prints. Returns the exit status.
int run_sft(const SftSettings& settings, const Common& common);

}  // namespace pupil::cli
