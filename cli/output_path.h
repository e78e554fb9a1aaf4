// For commands that compute long before they write: what could be known at once.
#pragma once
#include <string>

namespace pupil::cli {

/// Throws InputError where an AtomicFile could not be written to `path`.
void expect_writable(const std::string& path);

}  // namespace pupil::cli
