// SHA-256 (FIPS 180-4): run.json names data, templates and tokenizers by it.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pupil {

/// Takes bytes in pieces; hex() ends it.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  /// 64 hexadecimal digits. Call once, at the end.
  std::string hex();

 private:
  void block(const std::uint8_t* bytes);

  std::array<std::uint32_t, 8> state_;
  std::array<std::uint8_t, 64> buffer_{};
  std::size_t buffered_ = 0;
  std::uint64_t length_ = 0;  // bytes so far
};

std::string sha256(std::string_view bytes);
/// The hash of a file's bytes, read in pieces. Throws InputError.
std::string sha256_of_file(const std::string& path);

}  // namespace pupil
