// Text <-> token ids.
//
// A tokenizer is a codec, which cuts plain text (bytes, characters, words), and a table of special
// tokens, which no codec ever produces: text that somebody typed never becomes a special token,
// even when it spells one. Only a template, or encode_with_specials, places them.
//
//   bytes       ids 0 to 255 are the bytes, special tokens follow from 256
//   characters  the code points of a text in ascending order, then special tokens
//   words       a given list of words, special tokens among them or appended
//   byte pairs  GPT-2's byte-level BPE (sft/bpe_tokenizer.h), special tokens likewise
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pupil {

enum class TokenizerKind { kBytes, kCharacters, kWords, kBytePairs };

/// How one kind of tokenizer cuts plain text; it knows nothing of special tokens.
class TextCodec {
 public:
  virtual ~TextCodec() = default;
  virtual TokenizerKind kind() const = 0;
  /// Ids are 0 to size() - 1.
  virtual std::int32_t size() const = 0;
  /// Appends the ids of `text`. Throws InputError naming what cannot be encoded, and its place.
  virtual void encode(std::string_view text, std::vector<std::int32_t>& ids) const = 0;
  /// The bytes that id stands for, 0 <= id < size().
  virtual std::string_view piece(std::int32_t id) const = 0;
  /// The id whose piece is `text`, when there is one.
  virtual std::optional<std::int32_t> find(std::string_view text) const = 0;
  /// Stands between two tokens in decoded text: a space for words.
  virtual std::string_view separator() const { return {}; }
  /// What decides encode besides kind and pieces, as text: merges.
  virtual std::string rules() const { return {}; }
};

struct SpecialToken {
  std::string name;
  std::int32_t id;
  bool operator==(const SpecialToken&) const = default;
};

/// A chat template in Jinja, as Hugging Face's folders keep it beside a tokenizer.
struct JinjaChat {
  std::string source;
  /// Tokens that it can name: bos_token, eos_token, pad_token, unk_token.
  std::map<std::string, std::string> tokens;
  bool operator==(const JinjaChat&) const = default;
};

class Tokenizer {
 public:
  static Tokenizer bytes();
  /// Over the characters of `text`. Throws InputError when it is not UTF-8.
  static Tokenizer characters(std::string_view text);
  /// ids are places in `vocabulary`; `specials` name those of its words that are special tokens.
  /// Throws InputError for an empty or repeated word, white space in one, or an unknown special.
  static Tokenizer words(const std::vector<std::string>& vocabulary,
                         const std::vector<std::string>& specials = {});
  /// `specials` may lie inside the codec's ids (which it then never produces) or behind them.
  Tokenizer(std::shared_ptr<const TextCodec> codec, std::vector<SpecialToken> specials);

  TokenizerKind kind() const { return codec_->kind(); }
  const TextCodec& codec() const { return *codec_; }
  /// Largest id + 1.
  std::int32_t vocab_size() const;

  /// Plain text: "<|im_end|>" in it is ten characters. Throws InputError on what it cannot express.
  std::vector<std::int32_t> encode(std::string_view text) const;
  /// Names of special tokens in `text` become those tokens, at each place the longest that fits.
  std::vector<std::int32_t> encode_with_specials(std::string_view text) const;

  /// Text with special tokens by name, or without them; wrong UTF-8 becomes U+FFFD. Throws
  /// InputError for an id outside the vocabulary.
  std::string decode(std::span<const std::int32_t> ids, bool show_specials = true) const;
  /// The bytes of one id; nothing for an id outside the vocabulary (a model's head may be wider).
  std::optional<std::string_view> token_bytes(std::int32_t id) const;

  /// In the order of their ids.
  const std::vector<SpecialToken>& specials() const { return specials_; }
  std::optional<std::int32_t> special(std::string_view name) const;
  bool is_special(std::int32_t id) const;
  /// Appends those names that are missing, in the order given, and returns what was added. Throws
  /// InputError for a name that is empty or that ordinary text can already produce as one token.
  std::vector<SpecialToken> add_specials(const std::vector<std::string>& names);

  /// The token that ends a text: the one chosen, else <|endoftext|>, <eos> or </s>.
  std::optional<std::int32_t> eos() const;
  /// Throws InputError when there is no such special token.
  void set_eos(std::string_view name);

  /// The folder's own chat template, which sft/model_template.h understands.
  std::optional<JinjaChat> jinja_chat;

  /// SHA-256 over everything that decides encode and decode.
  std::string hash() const;

 private:
  std::shared_ptr<const TextCodec> codec_;
  std::vector<SpecialToken> specials_;
  std::optional<std::int32_t> eos_;
};

/// Text as it is made, token by token: a character is given out once its last byte has arrived.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool show_specials = true)
      : tokenizer_(&tokenizer), show_specials_(show_specials) {}
  /// The text that has become certain; U+FFFD for an id outside the vocabulary.
  std::string push(std::int32_t id);
  /// What is left: U+FFFD for a character that stayed unfinished.
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  bool show_specials_;
  bool started_ = false;
  std::string held_;  // the bytes of an unfinished character
};

/// True when the folder has tokenizer.json or merges.txt.
bool has_tokenizer(const std::string& folder);
/// Reads DIR/tokenizer.json (Hugging Face), or DIR/vocab.json with DIR/merges.txt where there is
/// none, and, for the end of text and the chat template, tokenizer_config.json and
/// chat_template.jinja. Throws InputError naming the file and what in it is wrong or cannot be
/// read.
Tokenizer load_tokenizer(const std::string& folder);
/// Writes tokenizer.json and tokenizer_config.json, vocab.json and merges.txt of byte pairs, and
/// chat_template.jinja where there is one, into an existing folder, each whole or not at all.
void save_tokenizer(const Tokenizer& tokenizer, const std::string& folder);

}  // namespace pupil
