// Lists of numbers as people type and copy them: "1,2,3", "1 2 3", "[1, 2, 3]".
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pupil::cli {

/// The parts, as typed; an empty one where nothing stands between two commas.
std::vector<std::string> split_numbers(std::string_view text);

}  // namespace pupil::cli
