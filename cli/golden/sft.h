// The parts of family sft.
#pragma once
#include <string>
#include <vector>

#include "cli/golden/case.h"

namespace pupil::golden {

/// A run of fine-tuning: a model, records of ids and labels, what every step gives, the weights at
/// the end.
void add_sft_run(std::vector<Case>& cases, const std::string& dir);
/// Best fit decreasing beside TRL's: packing_trl.json in `dir`.
void add_sft_packing(std::vector<Case>& cases, const std::string& dir);

}  // namespace pupil::golden
