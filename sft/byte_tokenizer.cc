// Bytes: id = value of the byte. Any text can be encoded.
#include <array>

#include "sft/tokenizer.h"

namespace pupil {
namespace {

constexpr std::array<char, 256> kBytes = [] {
  std::array<char, 256> bytes{};
  for (int i = 0; i < 256; ++i) bytes[std::size_t(i)] = char(i);
  return bytes;
}();

class ByteCodec final : public TextCodec {
 public:
  TokenizerKind kind() const override { return TokenizerKind::kBytes; }
  std::int32_t size() const override { return 256; }
  void encode(std::string_view text, std::vector<std::int32_t>& ids) const override {
    ids.reserve(ids.size() + text.size());
    for (const char c : text) ids.push_back(std::uint8_t(c));
  }
  std::string_view piece(std::int32_t id) const override {
    return {kBytes.data() + std::size_t(id), 1};
  }
  std::optional<std::int32_t> find(std::string_view text) const override {
    if (text.size() != 1) return std::nullopt;
    return std::uint8_t(text[0]);
  }
};

}  // namespace

Tokenizer Tokenizer::bytes() { return Tokenizer(std::make_shared<ByteCodec>(), {}); }

}  // namespace pupil
