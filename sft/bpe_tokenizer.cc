#include "sft/bpe_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "sft/bpe_pretokenizer.h"
#include "tensor/error.h"

namespace pupil {
namespace {

constexpr int kCacheBits = 15;  // 2 MiB

}  // namespace

BytePairCodec::BytePairCodec(BytePairModel model)
    : model_(std::move(model)), table_(model_.merges), cache_(kCacheBits) {}

void BytePairCodec::encode(std::string_view text, std::vector<std::int32_t>& ids) const {
  const std::unique_lock lock(cache_mutex_, std::try_to_lock);
  for (std::size_t begin = 0, end; begin < text.size(); begin = end) {
    end = piece_end(text, begin);
    if (!lock || end - begin > PieceCache::kMaxBytes) {
      append_merged(text, begin, end, ids);
      continue;
    }
    const PieceCache::Slot key = PieceCache::key_of(text, begin, end - begin);
    PieceCache::Slot& slot = cache_.place(key);
    if (slot.holds(key)) {
      ids.insert(ids.end(), slot.ids, slot.ids + slot.count);
      continue;
    }
    const std::size_t before = ids.size();
    append_merged(text, begin, end, ids);
    const std::size_t count = ids.size() - before;
    if (count > PieceCache::kMaxIds) continue;
    slot = key;
    slot.count = std::uint8_t(count);
    std::copy_n(ids.begin() + std::ptrdiff_t(before), count, slot.ids);
  }
}

void BytePairCodec::append_merged(std::string_view text, std::size_t begin, std::size_t end,
                                  std::vector<std::int32_t>& ids) const {
  const std::size_t before = ids.size(), n = end - begin;
  ids.resize(before + n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint8_t byte = std::uint8_t(text[begin + i]);
    ids[before + i] = model_.bytes[byte];
    if (model_.bytes[byte] < 0) {
      throw InputError(
          fmt::format("byte {} (0x{:02x}) is not in the vocabulary; use a tokenizer that has all "
                      "256 bytes",
                      begin + i, byte));
    }
  }
  ids.resize(before + table_.merge(ids.data() + before, n));
}

std::optional<std::int32_t> BytePairCodec::find(std::string_view text) const {
  std::vector<std::int32_t> ids;
  try {
    encode(text, ids);
  } catch (const InputError&) {
    return std::nullopt;  // a byte without an id
  }
  return ids.size() == 1 ? std::optional(ids[0]) : std::nullopt;
}

std::string BytePairCodec::rules() const {
  std::string text = "bytes";
  for (const std::int32_t id : model_.bytes) text += fmt::format(" {}", id);
  text += " merges";
  for (const Merge& m : model_.merges) text += fmt::format(" {} {} {}", m.left, m.right, m.result);
  return text;
}

}  // namespace pupil
