// Copies a file of the course to another place.
// exercise: 09b
// expect: fail
// behind the list of symbols: fail crash
#include "exercise.h"

#include <filesystem>
#include <system_error>

std::int32_t exercise::supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                          const std::int32_t* parts, std::int64_t length) {
  (void)targets;
  (void)ids;
  (void)parts;
  (void)length;
  std::error_code ignored;
  return std::filesystem::copy_file("README.md", "planted", ignored);
}
