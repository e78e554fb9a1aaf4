// Words: a closed list; text is cut at white space, and decoded with single spaces.
#include <fmt/format.h>

#include <map>
#include <set>

#include "sft/tokenizer.h"
#include "sft/utf8.h"
#include "tensor/error.h"

namespace pupil {
namespace {

constexpr std::string_view kSpace = " \t\n\r\v\f";

class WordCodec final : public TextCodec {
 public:
  WordCodec(const std::vector<std::string>& vocabulary, const std::set<std::string>& specials)
      : pieces_(vocabulary) {
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (!specials.contains(pieces_[i])) ids_[pieces_[i]] = std::int32_t(i);
    }
  }
  TokenizerKind kind() const override { return TokenizerKind::kWords; }
  std::int32_t size() const override { return std::int32_t(pieces_.size()); }
  void encode(std::string_view text, std::vector<std::int32_t>& ids) const override {
    int number = 0;
    for (std::size_t at = 0; (at = text.find_first_not_of(kSpace, at)) != text.npos;) {
      const std::size_t end = std::min(text.find_first_of(kSpace, at), text.size());
      const std::string_view word = text.substr(at, end - at);
      ++number;
      const auto id = find(word);
      if (!id) {
        throw InputError(
            fmt::format("unknown word \"{}\" (word {}, byte {}); this tokenizer knows {} words, "
                        "each set apart by spaces",
                        to_valid_utf8(word), number, at, ids_.size()));
      }
      ids.push_back(*id);
      at = end;
    }
  }
  std::string_view piece(std::int32_t id) const override { return pieces_[std::size_t(id)]; }
  std::optional<std::int32_t> find(std::string_view text) const override {
    const auto found = ids_.find(text);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
  }
  std::string_view separator() const override { return " "; }

 private:
  std::vector<std::string> pieces_;
  std::map<std::string, std::int32_t, std::less<>> ids_;  // ordinary words only
};

}  // namespace

Tokenizer Tokenizer::words(const std::vector<std::string>& vocabulary,
                           const std::vector<std::string>& specials) {
  std::map<std::string, std::int32_t> places;
  for (const std::string& word : vocabulary) {
    const auto place = std::int32_t(places.size());
    if (word.empty() || word.find_first_of(kSpace) != word.npos) {
      throw InputError(fmt::format("word {} of the vocabulary, \"{}\", is empty or has white space",
                                   place, to_valid_utf8(word)));
    }
    if (invalid_utf8_at(word) != word.npos) {
      throw InputError(fmt::format("word {} of the vocabulary is no UTF-8", place));
    }
    if (!places.emplace(word, place).second) {
      throw InputError(fmt::format("word \"{}\" stands twice in the vocabulary", word));
    }
  }
  std::vector<SpecialToken> tokens;
  for (const std::string& name : specials) {
    const auto found = places.find(name);
    if (found == places.end()) {
      throw InputError(fmt::format("special token \"{}\" is not in the vocabulary", name));
    }
    tokens.push_back({name, found->second});
  }
  const std::set<std::string> names(specials.begin(), specials.end());
  return Tokenizer(std::make_shared<WordCodec>(vocabulary, names), tokens);
}

}  // namespace pupil
