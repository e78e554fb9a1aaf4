// SHA-256 (FIPS 180-4), for the hashes that run.json and adapters record.
#pragma once
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's

namespace pupil {

class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  std::string hex();  ///< 64 hex digits; ends the hash

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

std::string sha256(std::string_view text);
/// Throws InputError, also for a pipe: what was read from it before is gone.
std::string sha256_of_file(const std::string& path);

}  // namespace pupil
