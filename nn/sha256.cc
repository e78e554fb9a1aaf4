#include "nn/sha256.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <filesystem>

#include "nn/file.h"
#include "tensor/error.h"

namespace pupil {

Sha256::Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  if (!context_ || !EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr))
    throw std::bad_alloc();
}

void Sha256::update(std::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::hex() {
  unsigned char digest[32];
  EVP_DigestFinal_ex(context_.get(), digest, nullptr);
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string sha256(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return hash.hex();
}

std::string sha256_of_file(const std::string& path) {
  std::error_code none;
  const auto type = std::filesystem::status(path, none).type();
  if (type == std::filesystem::file_type::fifo || type == std::filesystem::file_type::character) {
    throw InputError(fmt::format(
        "{}: is a pipe, and what was read from it cannot be read again for its hash; save it as a "
        "file first",
        path));
  }
  Sha256 hash;
  read_blocks(path, [&](std::string_view block) { hash.update(block); });
  return hash.hex();
}

}  // namespace pupil
