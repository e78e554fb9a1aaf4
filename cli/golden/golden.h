// `pupil golden`: the engine beside reference values that PyTorch, transformers and PEFT computed
// in float64. Every case runs in two halves: first the engine computes from the inputs alone, then
// the expected values are opened and compared (cli/golden/case.h).
#pragma once
#include <string>
#include <vector>

namespace pupil {

/// Compares with every family of reference values in `dir` (the root, or one family's folder), or
/// only with those named. Prints a row a case to stdout (with `json`: an object a line) and a
/// summary. Returns 0 when every case passes, 1 on any FAIL and on a family that this program knows
/// but cannot compute yet. Throws InputError on a folder that is no reference folder or holds no
/// case, UsageError on an unknown family name.
int run_golden(const std::string& dir, const std::vector<std::string>& families, bool json);

}  // namespace pupil
