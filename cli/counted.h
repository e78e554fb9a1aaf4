// Numbers with their nouns: "1 record", "2 records".
#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace pupil::cli {

/// `noun` in the singular; its plural is `noun` + "s", or `plural` where that is wrong.
inline std::string counted(std::int64_t n, const char* noun, const char* plural = nullptr) {
  if (n == 1) return fmt::format("1 {}", noun);
  return plural ? fmt::format("{} {}", n, plural) : fmt::format("{} {}s", n, noun);
}

}  // namespace pupil::cli
