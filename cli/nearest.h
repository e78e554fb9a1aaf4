// A name that was mistyped, and the one that was meant.
#pragma once
#include <string>
#include <vector>

namespace pupil::cli {

/// "; did you mean NAME?" for the name nearest to `typed`, when a third of its letters or fewer
/// would have to change (Levenshtein distance); otherwise nothing.
std::string did_you_mean(const std::string& typed, const std::vector<std::string>& names);

}  // namespace pupil::cli
