// Characters: the code points of a text, numbered in ascending order.
#include <fmt/format.h>

#include <map>
#include <set>

#include "sft/tokenizer.h"
#include "sft/utf8.h"
#include "tensor/error.h"

namespace pupil {
namespace {

/// Calls visit(code_point, byte_position) for each character. Throws InputError on wrong UTF-8.
template <class Visit>
void for_each_character(std::string_view text, Visit visit) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text.substr(at));
    if (step.state != Utf8State::kWhole) {
      throw InputError(fmt::format(
          "byte {} (0x{:02x}) is no UTF-8; a character tokenizer needs UTF-8 text (the bytes "
          "tokenizer takes any)",
          at, std::uint8_t(text[at])));
    }
    visit(step.code_point, at);
    at += step.length;
  }
}

class CharacterCodec final : public TextCodec {
 public:
  explicit CharacterCodec(const std::set<char32_t>& alphabet) {
    for (const char32_t c : alphabet) {
      ids_[c] = std::int32_t(pieces_.size());
      append_utf8(pieces_.emplace_back(), c);
    }
  }
  TokenizerKind kind() const override { return TokenizerKind::kCharacters; }
  std::int32_t size() const override { return std::int32_t(pieces_.size()); }
  void encode(std::string_view text, std::vector<std::int32_t>& ids) const override {
    for_each_character(text, [&](char32_t c, std::size_t at) {
      const auto found = ids_.find(c);
      if (found == ids_.end()) {
        throw InputError(fmt::format(
            "character {} at byte {} is not in the vocabulary of {} characters; use a tokenizer "
            "made from text that has it",
            describe_character(c), at, pieces_.size()));
      }
      ids.push_back(found->second);
    });
  }
  std::string_view piece(std::int32_t id) const override { return pieces_[std::size_t(id)]; }
  std::optional<std::int32_t> find(std::string_view text) const override {
    if (text.empty()) return std::nullopt;
    const Utf8Step step = utf8_step(text);
    if (step.state != Utf8State::kWhole || step.length != text.size()) return std::nullopt;
    const auto found = ids_.find(step.code_point);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::map<char32_t, std::int32_t> ids_;
  std::vector<std::string> pieces_;
};

}  // namespace

Tokenizer Tokenizer::characters(std::string_view text) {
  std::set<char32_t> alphabet;
  for_each_character(text, [&](char32_t c, std::size_t) { alphabet.insert(c); });
  return Tokenizer(std::make_shared<CharacterCodec>(alphabet), {});
}

}  // namespace pupil
