// tokenizer.json, so that Hugging Face's `tokenizers` gives the same ids:
//
//   bytes       BPE without merges over GPT-2's byte characters, ByteLevel without its pattern
//   characters  BPE without merges over the characters, decoder Fuse
//   words       WordLevel behind WhitespaceSplit
//   byte pairs  BPE over GPT-2's byte characters, ByteLevel with its pattern (sft/bpe_files.h)
//
// NB: Hugging Face takes special tokens out of typed text; here only encode_with_specials does.
#include <fmt/format.h>

#include <algorithm>

#include "nn/file.h"
#include "nn/strict_json.h"
#include "sft/bpe_files.h"
#include "sft/byte_alphabet.h"
#include "sft/tokenizer.h"
#include "sft/tokenizer_config.h"
#include "sft/utf8.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// ---- writing

ordered_json model_of(const Tokenizer& tokenizer) {
  const TextCodec& codec = tokenizer.codec();
  ordered_json vocabulary = ordered_json::object(), merges = ordered_json::array();
  if (const auto* byte_pairs = dynamic_cast<const BytePairCodec*>(&codec)) {
    vocabulary = byte_pair_vocabulary(tokenizer);
    merges = byte_pair_merges(*byte_pairs);
  }
  for (std::int32_t id = std::int32_t(vocabulary.size()); id < codec.size(); ++id) {
    const std::string_view piece = codec.piece(id);
    const bool bytes = codec.kind() == TokenizerKind::kBytes;
    vocabulary[bytes ? byte_symbol(std::uint8_t(piece[0])) : std::string(piece)] = id;
  }
  if (codec.kind() == TokenizerKind::kWords) {
    return {{"type", "WordLevel"}, {"vocab", vocabulary}, {"unk_token", "<unk>"}};
  }
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"vocab", vocabulary},
          {"merges", merges}};
}

ordered_json tokenizer_json(const Tokenizer& tokenizer) {
  ordered_json added = ordered_json::array();
  for (const SpecialToken& token : tokenizer.specials()) {
    added.push_back({{"id", token.id},
                     {"content", token.name},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  ordered_json splitter, decoder;
  switch (tokenizer.kind()) {
    case TokenizerKind::kBytes:
    case TokenizerKind::kBytePairs:
      splitter = {{"type", "ByteLevel"},
                  {"add_prefix_space", false},
                  {"trim_offsets", true},
                  {"use_regex", tokenizer.kind() == TokenizerKind::kBytePairs}};
      decoder = splitter;
      break;
    case TokenizerKind::kCharacters:
      decoder = {{"type", "Fuse"}};
      break;
    case TokenizerKind::kWords:
      splitter = {{"type", "WhitespaceSplit"}};
      break;
  }
  return {{"version", "1.0"},          {"truncation", nullptr}, {"padding", nullptr},
          {"added_tokens", added},     {"normalizer", nullptr}, {"pre_tokenizer", splitter},
          {"post_processor", nullptr}, {"decoder", decoder},    {"model", model_of(tokenizer)}};
}

// ---- reading

/// A tokenizer.json being read; every error names it.
class Reader {
 public:
  /// `root` is what the file holds; `path` names it.
  Reader(std::string path, json root) : path_(std::move(path)), root_(std::move(root)) {
    if (!root_.is_object()) fail("expected an object");
  }

  Tokenizer read() const {
    if (!part("normalizer").is_null())
      fail("has a normalizer; only tokenizers without one are read");
    const auto specials = added_tokens();
    Tokenizer tokenizer = base(specials);
    for (const SpecialToken& token : specials) {
      try {
        tokenizer.add_specials({token.name});
      } catch (const InputError& error) {
        fail(error.what());
      }
      if (tokenizer.special(token.name) != token.id) {
        fail(fmt::format("added token \"{}\" has id {}, expected {}", token.name, token.id,
                         *tokenizer.special(token.name)));
      }
    }
    return tokenizer;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}: {}", path_, what));
  }

  const json& part(const char* name) const {
    static const json kNothing;
    const auto found = root_.find(name);
    return found == root_.end() ? kNothing : *found;
  }

  static std::string type_of(const json& value) {
    return value.is_object() && value.contains("type") && value["type"].is_string()
               ? value["type"].get<std::string>()
               : "none";
  }

  std::int32_t id_of(const json& value, const std::string& owner) const {
    if (!value.is_number_integer() || value < 0 || value > INT32_MAX - 1) {
      fail(fmt::format("the id of \"{}\" is {}; expected an integer from 0", owner, show(value)));
    }
    return value.get<std::int32_t>();
  }

  std::vector<SpecialToken> added_tokens() const {
    std::vector<SpecialToken> tokens;
    const json& list = part("added_tokens");
    if (list.is_null()) return tokens;
    if (!list.is_array()) fail("\"added_tokens\" is no list");
    for (const json& entry : list) {
      if (!entry.is_object() || !entry.contains("id") || !entry.contains("content") ||
          !entry["content"].is_string()) {
        fail("an entry of \"added_tokens\" lacks \"id\" or \"content\"");
      }
      const auto name = entry["content"].get<std::string>();
      tokens.push_back({name, id_of(entry["id"], name)});
    }
    std::sort(tokens.begin(), tokens.end(),
              [](const SpecialToken& a, const SpecialToken& b) { return a.id < b.id; });
    return tokens;
  }

  /// model.vocab by id, 0 to n - 1.
  std::vector<std::string> vocabulary() const {
    const json& model = part("model");
    if (!model.contains("vocab") || !model["vocab"].is_object()) fail("\"model\" has no \"vocab\"");
    const json& vocab = model["vocab"];
    std::vector<std::string> words(vocab.size());
    std::vector<bool> taken(vocab.size());
    for (const auto& [word, value] : vocab.items()) {
      const auto id = std::size_t(id_of(value, word));
      if (id >= words.size() || taken[id]) {
        fail(fmt::format("\"{}\" has id {}; expected each id from 0 to {} once", word, id,
                         words.size() - 1));
      }
      words[id] = word;
      taken[id] = true;
    }
    return words;
  }

  Tokenizer base(const std::vector<SpecialToken>& specials) const {
    const json& model = part("model");
    if (!model.is_object()) fail("has no \"model\"");
    // Old files name no type; only BPE has merges.
    const std::string kind = model.contains("merges") ? "BPE" : type_of(model);
    const std::string splitter = type_of(part("pre_tokenizer"));
    if (kind == "WordLevel" && splitter == "WhitespaceSplit") return words(specials);
    if (kind == "BPE" && (splitter == "ByteLevel" || splitter == "none")) {
      const auto merges = model.find("merges");
      if (merges != model.end() && merges->is_array() && merges->empty()) {
        const auto tokenizer = splitter == "ByteLevel" ? bytes() : characters();
        if (tokenizer) return *tokenizer;
      }
      if (splitter == "ByteLevel" && merges != model.end()) return byte_pairs(specials);
    }
    fail(
        fmt::format("model {} behind pre_tokenizer {} is not supported by this build, which reads "
                    "BPE behind ByteLevel (bytes, byte pairs), BPE of single characters behind "
                    "none and WordLevel behind WhitespaceSplit",
                    kind, splitter));
  }

  Tokenizer byte_pairs(const std::vector<SpecialToken>& specials) const {
    const json& splitter = part("pre_tokenizer");  // older files have no use_regex
    if (splitter.value("add_prefix_space", json()) != false ||
        splitter.value("use_regex", json(true)) != true) {
      fail("the ByteLevel pre_tokenizer must have add_prefix_space false and use_regex true");
    }
    const std::vector<std::string> list = vocabulary();
    try {
      return read_byte_pairs(part("model"), list, specials);
    } catch (const InputError& error) {
      fail(error.what());
    }
  }

  Tokenizer words(const std::vector<SpecialToken>& specials) const {
    const std::vector<std::string> list = vocabulary();
    std::vector<std::string> inside;
    for (const SpecialToken& token : specials) {
      if (std::find(list.begin(), list.end(), token.name) != list.end()) {
        inside.push_back(token.name);
      }
    }
    try {
      return Tokenizer::words(list, inside);
    } catch (const InputError& error) {
      fail(error.what());
    }
  }

  /// Nothing unless the vocabulary is the 256 byte characters in the order of the bytes.
  std::optional<Tokenizer> bytes() const {
    const std::vector<std::string> list = vocabulary();
    if (list.size() != 256) return std::nullopt;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i] != byte_symbol(std::uint8_t(i))) return std::nullopt;
    }
    return Tokenizer::bytes();
  }

  /// Nothing unless the vocabulary is single characters in the order of the code points.
  std::optional<Tokenizer> characters() const {
    const std::vector<std::string> list = vocabulary();
    std::string text;
    for (const std::string& piece : list) text += piece;
    const Tokenizer tokenizer = Tokenizer::characters(text);
    if (tokenizer.vocab_size() != std::int32_t(list.size())) return std::nullopt;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (tokenizer.codec().piece(std::int32_t(i)) != list[i]) return std::nullopt;
    }
    return tokenizer;
  }

  std::string path_;
  json root_;
};

}  // namespace

bool has_tokenizer(const std::string& folder) {
  return file_exists(folder + "/tokenizer.json") || file_exists(folder + "/merges.txt");
}

Tokenizer load_tokenizer(const std::string& folder) {
  const std::string path = folder + "/tokenizer.json", merges = folder + "/merges.txt";
  const bool is_one_file = file_exists(path);
  if (!has_tokenizer(folder)) {
    throw InputError(
        fmt::format("{}: there is no tokenizer.json (or vocab.json and merges.txt); name a "
                    "tokenizer or model folder that has one",
                    folder));
  }
  Tokenizer tokenizer = is_one_file ? Reader(path, read_json_file(path)).read()
                                    : Reader(merges, join_vocab_and_merges(folder)).read();
  read_tokenizer_config(tokenizer, folder);
  return tokenizer;
}

void save_tokenizer(const Tokenizer& tokenizer, const std::string& folder) {
  write_file(folder + "/tokenizer.json", tokenizer_json(tokenizer).dump(1) + "\n");
  write_tokenizer_config(tokenizer, folder);
  if (tokenizer.kind() == TokenizerKind::kBytePairs) write_vocab_and_merges(tokenizer, folder);
}

}  // namespace pupil
