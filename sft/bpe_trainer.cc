#include "sft/bpe_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "sft/bpe_files.h"
#include "sft/bpe_pretokenizer.h"
#include "sft/bpe_tokenizer.h"
#include "sft/byte_alphabet.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using Symbols = std::vector<std::int32_t>;
using Pair = std::pair<std::int32_t, std::int32_t>;

struct PairHash {
  std::size_t operator()(const Pair& p) const {
    return (std::size_t(std::uint32_t(p.first)) << 32 | std::uint32_t(p.second)) *
               0x9E3779B97F4A7C15u >>
           7;
  }
};

struct Change {
  Pair pair;
  int by;
};

/// Merges every (left, right) of a word into `result` and lists how its pairs change.
void merge_word(Symbols& word, Pair pair, std::int32_t result, std::vector<Change>& changes) {
  std::size_t to = 0;
  for (std::size_t from = 0; from < word.size(); ++to) {
    if (from + 1 == word.size() || Pair(word[from], word[from + 1]) != pair) {
      word[to] = word[from++];
      continue;
    }
    if (to > 0) {
      changes.push_back({{word[to - 1], pair.first}, -1});
      changes.push_back({{word[to - 1], result}, +1});
    }
    if (from + 2 < word.size()) {
      changes.push_back({{pair.second, word[from + 2]}, -1});
      changes.push_back({{result, word[from + 2]}, +1});
    }
    word[to] = result;
    from += 2;
  }
  word.resize(to);
}

/// A pair that may be merged next, and the words where it was seen.
struct Candidate {
  std::int64_t count;
  Pair pair;
  std::vector<std::size_t> words;
  bool operator<(const Candidate& other) const {
    return std::tie(count, other.pair) < std::tie(other.count, pair);
  }
};

class Trainer {
 public:
  /// `model` has the special tokens and the bytes.
  Trainer(BytePairModel model, std::string_view text) : model_(std::move(model)) {
    specials_.insert(model_.pieces.begin(), model_.pieces.end() - 256);
    for (int b = 0; b < 256; ++b) ids_[std::string(1, char(b))] = model_.bytes[std::size_t(b)];
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t begin = 0, end; begin < text.size(); begin = end) {
      end = piece_end(text, begin);
      const std::string_view piece = text.substr(begin, end - begin);
      const auto [at, is_new] = places.emplace(piece, words_.size());
      if (is_new) {
        Symbols& word = words_.emplace_back();
        for (const char c : piece) word.push_back(model_.bytes[std::uint8_t(c)]);
        counts_.push_back(0);
      }
      ++counts_[at->second];
    }
  }

  BytePairModel train(std::size_t vocab_size) {
    std::vector<Change> changes;
    for (std::size_t w = 0; w < words_.size(); ++w) {
      changes.clear();
      for (std::size_t i = 0; i + 1 < words_[w].size(); ++i) {
        changes.push_back({{words_[w][i], words_[w][i + 1]}, +1});
      }
      count(changes, w);
    }
    queue_new_pairs();
    while (model_.pieces.size() < vocab_size && !queue_.empty()) {
      Candidate top = queue_.top();
      queue_.pop();
      // Counts fall while a pair waits; a pair that rises is queued anew.
      if (const std::int64_t now = pairs_[top.pair]; now != top.count) {
        top.count = now;
        queue_.push(std::move(top));
        continue;
      }
      if (top.count < 1) break;
      const std::int32_t result = id_of_merge(top.pair);
      model_.merges.push_back({top.pair.first, top.pair.second, result});
      for (const std::size_t w : top.words) {
        changes.clear();
        merge_word(words_[w], top.pair, result, changes);
        count(changes, w);
      }
      queue_new_pairs();
    }
    return std::move(model_);
  }

 private:
  /// Two pairs may spell the same bytes: "a" + "bc", "ab" + "c". They share an id.
  std::int32_t id_of_merge(Pair pair) {
    const std::string piece =
        model_.pieces[std::size_t(pair.first)] + model_.pieces[std::size_t(pair.second)];
    const auto [at, is_new] = ids_.emplace(piece, std::int32_t(model_.pieces.size()));
    if (is_new && specials_.contains(symbols_of(piece))) {
      throw UsageError(fmt::format("\"{}\" cannot be a special token: text makes it by merges",
                                   symbols_of(piece)));
    }
    if (is_new) model_.pieces.push_back(piece);
    return at->second;
  }

  void count(const std::vector<Change>& changes, std::size_t word) {
    for (const Change& change : changes) {
      pairs_[change.pair] += change.by * counts_[word];
      if (change.by < 0) continue;
      auto& words = risen_[change.pair];
      if (words.empty() || words.back() != word) words.push_back(word);
    }
  }

  void queue_new_pairs() {
    for (auto& [pair, words] : risen_) {
      if (pairs_[pair] > 0) queue_.push({pairs_[pair], pair, std::move(words)});
    }
    risen_.clear();
  }

  BytePairModel model_;
  std::unordered_set<std::string> specials_;
  std::unordered_map<std::string, std::int32_t> ids_;  // by bytes, special tokens not among them
  std::vector<Symbols> words_;                         // distinct pieces
  std::vector<std::int64_t> counts_;                   // how often each occurs
  std::unordered_map<Pair, std::int64_t, PairHash> pairs_;
  std::unordered_map<Pair, std::vector<std::size_t>, PairHash> risen_;  // since the last merge
  std::priority_queue<Candidate> queue_;
};

}  // namespace

Tokenizer train_byte_pairs(std::string_view text, std::int64_t vocab_size,
                           const std::vector<std::string>& specials) {
  const std::size_t base = 256 + specials.size();
  if (vocab_size < std::int64_t(base) || vocab_size > INT32_MAX) {
    throw UsageError(fmt::format(
        "a vocabulary of {} is not possible: the 256 bytes and {} special tokens need {}",
        vocab_size, specials.size(), base));
  }
  std::map<std::string, std::uint8_t> alphabet;  // UTF-8 sorts as code points do
  for (int b = 0; b < 256; ++b) alphabet[byte_symbol(std::uint8_t(b))] = std::uint8_t(b);
  BytePairModel model;
  std::vector<SpecialToken> tokens;
  for (const std::string& name : specials) {
    if (name.empty() || std::count(specials.begin(), specials.end(), name) > 1) {
      throw UsageError(fmt::format("special token \"{}\" is empty or stands twice", name));
    }
    if (alphabet.contains(name)) {
      throw UsageError(fmt::format("\"{}\" cannot be a special token: it is a byte", name));
    }
    tokens.push_back({name, std::int32_t(model.pieces.size())});
    model.pieces.push_back(name);
  }
  for (const auto& [symbol, byte] : alphabet) {
    model.bytes[byte] = std::int32_t(model.pieces.size());
    model.pieces.emplace_back(1, char(byte));
  }
  model = Trainer(std::move(model), text).train(std::size_t(vocab_size));
  return Tokenizer(std::make_shared<BytePairCodec>(std::move(model)), std::move(tokens));
}

}  // namespace pupil
