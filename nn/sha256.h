// SHA-256 (FIPS 180-4), for the hashes that run.json and adapters record.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pupil {

class Sha256 {
 public:
  void update(std::string_view bytes);
  std::string hex();  ///< 64 hex digits; ends the hash

 private:
  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> buffer_{};
  std::uint64_t length_ = 0;  // in bytes
};

std::string sha256(std::string_view text);
/// Throws InputError, also for a pipe: what was read from it before is gone.
std::string sha256_of_file(const std::string& path);

}  // namespace pupil
