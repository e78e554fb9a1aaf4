#include "sft/bpe_files.h"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "nn/file.h"
#include "nn/strict_json.h"
#include "sft/byte_alphabet.h"
#include "sft/utf8.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// The bytes that byte characters stand for; nothing when others are among them.
std::optional<std::string> bytes_of(std::string_view symbols) {
  static const auto kBytes = [] {
    std::unordered_map<char32_t, char> bytes;
    for (int b = 0; b < 256; ++b) {
      bytes[utf8_step(byte_symbol(std::uint8_t(b))).code_point] = char(b);
    }
    return bytes;
  }();
  std::string bytes;
  while (!symbols.empty()) {
    const Utf8Step step = utf8_step(symbols);
    const auto found = kBytes.find(step.code_point);
    if (step.state != Utf8State::kWhole || found == kBytes.end()) return std::nullopt;
    bytes += found->second;
    symbols.remove_prefix(step.length);
  }
  return bytes;
}

/// The two parts of "a b", which is one merge; nothing when it is none.
std::optional<std::pair<std::string, std::string>> split_merge(const std::string& text) {
  const std::size_t space = text.find(' ');
  if (space == text.npos || space == 0 || space + 1 == text.size() ||
      text.find(' ', space + 1) != text.npos) {
    return std::nullopt;
  }
  return std::pair(text.substr(0, space), text.substr(space + 1));
}

std::pair<std::string, std::string> read_merge(const json& value, std::size_t rank) {
  if (value.is_array() && value.size() == 2 && value[0].is_string() && value[1].is_string()) {
    return {value[0].get<std::string>(), value[1].get<std::string>()};
  }
  if (value.is_string()) {
    if (auto parts = split_merge(value.get<std::string>())) return *parts;
  }
  throw InputError(
      fmt::format("merge {} is {}; expected \"a b\" or [\"a\", \"b\"] with neither part empty",
                  rank, show(value)));
}

/// Parts of the "model" that change what is encoded, and that GPT-2's encoding does not have.
void check_plain(const json& model) {
  const auto value = [&](const char* name) {
    const auto found = model.find(name);
    return found == model.end() ? json() : *found;
  };
  for (const char* name : {"dropout", "continuing_subword_prefix", "end_of_word_suffix",
                           "byte_fallback", "ignore_merges"}) {
    const json v = value(name);
    if (v.is_null() || v == "" || v == false || (v.is_number() && v == 0)) continue;
    throw InputError(
        fmt::format("\"{}\" of \"model\" is {}; only byte-pair encoding without it "
                    "is read",
                    name, show(v)));
  }
}

}  // namespace

std::string symbols_of(std::string_view bytes) {
  std::string symbols;
  for (const char c : bytes) symbols += byte_symbol(std::uint8_t(c));
  return symbols;
}

Tokenizer read_byte_pairs(const json& model, const std::vector<std::string>& vocabulary,
                          const std::vector<SpecialToken>& added) {
  check_plain(model);
  std::unordered_map<std::string_view, std::int32_t> ids;
  for (std::size_t i = 0; i < vocabulary.size(); ++i) ids[vocabulary[i]] = std::int32_t(i);
  BytePairModel result;
  std::vector<bool> ordinary(vocabulary.size());  // a byte, or made by a merge
  for (int b = 0; b < 256; ++b) {
    const auto found = ids.find(byte_symbol(std::uint8_t(b)));
    result.bytes[std::size_t(b)] = found == ids.end() ? -1 : found->second;
    if (found != ids.end()) ordinary[std::size_t(found->second)] = true;
  }
  const json& merges = model.at("merges");
  if (!merges.is_array()) throw InputError("\"merges\" of \"model\" is no list");
  for (const json& entry : merges) {
    const std::size_t rank = result.merges.size();
    const auto pair = read_merge(entry, rank);
    const std::string &left = pair.first, &right = pair.second;
    const auto id_of = [&](const std::string& piece) {
      const auto found = ids.find(piece);
      if (found == ids.end()) {
        throw InputError(fmt::format("merge {} of \"{}\" and \"{}\": \"{}\" is not in \"vocab\"",
                                     rank, left, right, piece));
      }
      return found->second;
    };
    result.merges.push_back({id_of(left), id_of(right), id_of(left + right)});
    ordinary[std::size_t(result.merges.back().result)] = true;
  }
  std::vector<SpecialToken> specials;
  std::set<std::string> names;
  for (const SpecialToken& token : added) {
    const auto found = ids.find(token.name);
    if (found == ids.end() || ordinary[std::size_t(found->second)]) continue;
    if (names.insert(token.name).second) specials.push_back({token.name, found->second});
  }
  // What is not spelled in byte characters stands for itself, as in Hugging Face's decoder.
  for (const std::string& entry : vocabulary) {
    result.pieces.push_back(names.contains(entry) ? entry : bytes_of(entry).value_or(entry));
  }
  return Tokenizer(std::make_shared<BytePairCodec>(std::move(result)), std::move(specials));
}

json join_vocab_and_merges(const std::string& folder) {
  const std::string vocab_path = folder + "/vocab.json", merges_path = folder + "/merges.txt";
  json vocab = read_json_file(vocab_path);
  if (!vocab.is_object()) throw InputError(vocab_path + ": expected an object of pieces and ids");
  const std::string text = read_file(merges_path);
  if (const std::size_t at = invalid_utf8_at(text); at != text.npos) {
    throw InputError(fmt::format("{}: byte {} is no UTF-8", merges_path, at));
  }
  json merges = json::array();
  std::unordered_set<std::string> ordinary;
  for (int b = 0; b < 256; ++b) ordinary.insert(byte_symbol(std::uint8_t(b)));
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.ends_with('\r')) line.pop_back();
    if ((++number == 1 && line.starts_with("#version")) || line.empty()) continue;
    const auto parts = split_merge(line);
    if (!parts) {
      throw InputError(fmt::format("{}:{}: expected two pieces and one space between them, got {}",
                                   merges_path, number, show(line)));
    }
    ordinary.insert(parts->first + parts->second);
    merges.push_back({parts->first, parts->second});
  }
  json added = json::array();
  for (const auto& [piece, id] : vocab.items()) {
    if (!ordinary.contains(piece)) added.push_back({{"content", piece}, {"id", id}});
  }
  if (const std::string path = folder + "/added_tokens.json"; file_exists(path)) {
    const json tokens = read_json_file(path);
    if (!tokens.is_object()) throw InputError(path + ": expected an object of names and ids");
    for (const auto& [name, id] : tokens.items()) {
      if (!vocab.contains(name)) added.push_back({{"content", name}, {"id", id}});
    }
  }
  return {{"added_tokens", std::move(added)},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"model", {{"type", "BPE"}, {"vocab", std::move(vocab)}, {"merges", std::move(merges)}}}};
}

ordered_json byte_pair_vocabulary(const Tokenizer& tokenizer) {
  ordered_json vocabulary = ordered_json::object();
  // At the end, without the search for an equal key, which is linear.
  auto& entries = vocabulary.get_ref<ordered_json::object_t&>();
  for (std::int32_t id = 0; id < tokenizer.codec().size(); ++id) {
    const std::string piece(tokenizer.codec().piece(id));
    entries.emplace_back(tokenizer.is_special(id) ? piece : symbols_of(piece), id);
  }
  return vocabulary;
}

ordered_json byte_pair_merges(const BytePairCodec& codec) {
  ordered_json merges = ordered_json::array();
  for (const Merge& m : codec.model().merges) {
    merges.push_back({symbols_of(codec.piece(m.left)), symbols_of(codec.piece(m.right))});
  }
  return merges;
}

void write_vocab_and_merges(const Tokenizer& tokenizer, const std::string& folder) {
  const auto& codec = dynamic_cast<const BytePairCodec&>(tokenizer.codec());
  std::string lines = "#version: 0.2\n";
  for (const Merge& m : codec.model().merges) {
    lines += symbols_of(codec.piece(m.left)) + " " + symbols_of(codec.piece(m.right)) + "\n";
  }
  ordered_json vocabulary = byte_pair_vocabulary(tokenizer);
  for (const SpecialToken& token : tokenizer.specials()) vocabulary[token.name] = token.id;
  write_file(folder + "/vocab.json", vocabulary.dump() + "\n");
  write_file(folder + "/merges.txt", lines);
}

}  // namespace pupil
