#include "sft/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "nn/sha256.h"
#include "sft/utf8.h"
#include "tensor/error.h"

namespace pupil {

Tokenizer::Tokenizer(std::shared_ptr<const TextCodec> codec, std::vector<SpecialToken> specials)
    : codec_(std::move(codec)), specials_(std::move(specials)) {
  std::sort(specials_.begin(), specials_.end(),
            [](const SpecialToken& a, const SpecialToken& b) { return a.id < b.id; });
  std::set<std::string> names;
  std::int32_t next = codec_->size();
  for (const SpecialToken& token : specials_) {
    if (token.name.empty()) throw InputError(fmt::format("special token {} has no name", token.id));
    if (!names.insert(token.name).second) {
      throw InputError(fmt::format("special token \"{}\" is listed twice", token.name));
    }
    const bool inside = token.id >= 0 && token.id < codec_->size();
    if (inside && codec_->piece(token.id) != token.name) {
      throw InputError(fmt::format("special token \"{}\" has id {}, which is \"{}\"", token.name,
                                   token.id, to_valid_utf8(codec_->piece(token.id))));
    }
    if (!inside && token.id != next++) {
      throw InputError(fmt::format("special token \"{}\" has id {}, expected {}: ids have no gaps",
                                   token.name, token.id, next - 1));
    }
  }
}

std::int32_t Tokenizer::vocab_size() const {
  return specials_.empty() ? codec_->size() : std::max(codec_->size(), specials_.back().id + 1);
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<std::int32_t> ids;
  codec_->encode(text, ids);
  return ids;
}

std::vector<std::int32_t> Tokenizer::encode_with_specials(std::string_view text) const {
  std::vector<std::int32_t> ids;
  std::size_t plain = 0;  // start of the text not encoded yet
  for (std::size_t at = 0; at < text.size();) {
    const SpecialToken* longest = nullptr;
    for (const SpecialToken& token : specials_) {
      if (text.substr(at).starts_with(token.name) &&
          (!longest || token.name.size() > longest->name.size())) {
        longest = &token;
      }
    }
    if (!longest) {
      ++at;
      continue;
    }
    codec_->encode(text.substr(plain, at - plain), ids);
    ids.push_back(longest->id);
    plain = at += longest->name.size();
  }
  codec_->encode(text.substr(plain), ids);
  return ids;
}

std::optional<std::string_view> Tokenizer::token_bytes(std::int32_t id) const {
  if (id < 0 || id >= vocab_size()) return std::nullopt;
  if (id < codec_->size()) return codec_->piece(id);
  return specials_[specials_.size() - std::size_t(vocab_size() - id)].name;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool show_specials) const {
  std::string text;
  bool first = true;
  for (const std::int32_t id : ids) {
    const auto bytes = token_bytes(id);
    if (!bytes) {
      throw InputError(
          fmt::format("id {} is not in the vocabulary (ids 0 to {})", id, vocab_size() - 1));
    }
    if (!show_specials && is_special(id)) continue;
    if (!first) text += codec_->separator();
    text += *bytes;
    first = false;
  }
  return to_valid_utf8(text);
}

std::optional<std::int32_t> Tokenizer::special(std::string_view name) const {
  for (const SpecialToken& token : specials_) {
    if (token.name == name) return token.id;
  }
  return std::nullopt;
}

bool Tokenizer::is_special(std::int32_t id) const {
  return std::any_of(specials_.begin(), specials_.end(),
                     [id](const SpecialToken& token) { return token.id == id; });
}

std::vector<SpecialToken> Tokenizer::add_specials(const std::vector<std::string>& names) {
  std::vector<SpecialToken> added;
  for (const std::string& name : names) {
    if (special(name)) continue;
    if (name.empty()) throw InputError("a special token needs a name");
    if (codec_->find(name)) {
      throw InputError(fmt::format(
          "\"{}\" cannot be a special token: it is an ordinary token of this tokenizer", name));
    }
    specials_.push_back({name, vocab_size()});
    added.push_back(specials_.back());
  }
  return added;
}

std::optional<std::int32_t> Tokenizer::eos() const {
  if (eos_) return eos_;
  for (const char* name : {"<|endoftext|>", "<eos>", "</s>"}) {
    if (const auto id = special(name)) return id;
  }
  return std::nullopt;
}

void Tokenizer::set_eos(std::string_view name) {
  eos_ = special(name);
  if (!eos_) throw InputError(fmt::format("\"{}\" is no special token of this tokenizer", name));
}

std::string Tokenizer::hash() const {
  // Lengths before names: no two vocabularies give the same bytes.
  Sha256 hash;
  hash.update(fmt::format("kind {} eos {}\n", int(kind()), eos().value_or(-1)));
  for (std::int32_t id = 0; id < codec_->size(); ++id) {
    hash.update(fmt::format("{} ", codec_->piece(id).size()));
    hash.update(codec_->piece(id));
  }
  hash.update(codec_->rules());
  for (const SpecialToken& token : specials_) {
    hash.update(fmt::format("special {} {} {}", token.id, token.name.size(), token.name));
  }
  return hash.hex();
}

std::string StreamDecoder::push(std::int32_t id) {
  if (!show_specials_ && tokenizer_->is_special(id)) return {};
  const auto bytes = tokenizer_->token_bytes(id);
  if (started_) held_ += tokenizer_->codec().separator();
  started_ = true;
  held_ += bytes.value_or("\xEF\xBF\xBD");
  std::size_t certain = 0;
  while (certain < held_.size()) {
    const Utf8Step step = utf8_step(std::string_view(held_).substr(certain));
    if (step.state == Utf8State::kUnfinished) break;
    certain += step.length;
  }
  const std::string text = to_valid_utf8(std::string_view(held_).substr(0, certain));
  held_.erase(0, certain);
  return text;
}

std::string StreamDecoder::finish() {
  const std::string text = to_valid_utf8(held_);
  held_.clear();
  started_ = false;
  return text;
}

}  // namespace pupil
