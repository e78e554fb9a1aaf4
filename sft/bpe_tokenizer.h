// Byte-level byte-pair encoding, as GPT-2 has it (Radford et al. 2019): text is split into pieces
// (sft/bpe_pretokenizer.h), each piece into bytes, and the bytes of a piece are merged by rank
// (sft/bpe_merges.h). Any text can be encoded when every byte has an id.
#pragma once
#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sft/bpe_cache.h"
#include "sft/bpe_merges.h"
#include "sft/tokenizer.h"

namespace pupil {

struct BytePairModel {
  std::vector<std::string> pieces;      ///< the bytes of each id; the names of special tokens
  std::array<std::int32_t, 256> bytes;  ///< the id of each byte; -1: none
  std::vector<Merge> merges;            ///< by rank
};

class BytePairCodec final : public TextCodec {
 public:
  explicit BytePairCodec(BytePairModel model);
  TokenizerKind kind() const override { return TokenizerKind::kBytePairs; }
  std::int32_t size() const override { return std::int32_t(model_.pieces.size()); }
  /// About linear in the text. May be called by several threads; one of them has the cache.
  void encode(std::string_view text, std::vector<std::int32_t>& ids) const override;
  std::string_view piece(std::int32_t id) const override { return model_.pieces[std::size_t(id)]; }
  /// The id that `text` becomes, when it becomes one.
  std::optional<std::int32_t> find(std::string_view text) const override;
  std::string rules() const override;
  const BytePairModel& model() const { return model_; }

 private:
  /// Appends the ids of text[begin, end), which is one piece.
  void append_merged(std::string_view text, std::size_t begin, std::size_t end,
                     std::vector<std::int32_t>& ids) const;

  BytePairModel model_;
  MergeTable table_;
  mutable std::mutex cache_mutex_;
  mutable PieceCache cache_;
};

}  // namespace pupil
