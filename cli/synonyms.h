// Names that other trainers give to our options.
#pragma once
#include <string>

namespace pupil::cli {

/// "--lr" for "--learning-rate" or "--learning_rate"; empty for a name that nobody uses.
std::string name_here(std::string typed);

}  // namespace pupil::cli
