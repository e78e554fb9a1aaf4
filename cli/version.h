// What this program is and what it runs on.
#pragma once
#include <string>

namespace pupil::cli {

inline constexpr const char* kVersion = "0.1.0";

/// Version, build, CPU features, BLAS core type, devices; several lines.
std::string version_text();

}  // namespace pupil::cli
