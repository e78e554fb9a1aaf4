#include "cli/output_path.h"

#include <fmt/format.h>

#include <filesystem>

#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::cli {

void expect_writable(const std::string& path) {
  if (folder_exists(path)) {
    throw InputError(fmt::format("{}: is a folder; name a file to write", path));
  }
  std::error_code none;
  // To open and close a pipe would end it for whoever reads there.
  const bool is_open_to_trial = file_exists(path) || !std::filesystem::exists(path, none);
  if (is_open_to_trial) AtomicFile trial(path);
}

}  // namespace pupil::cli
