// A cache of the ids of short pieces, of a fixed size: each piece has one place, by its hash, and
// the newer takes it from the older. Words repeat (Zipf), so most of a text is found here.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace pupil {

class PieceCache {
 public:
  static constexpr std::size_t kMaxBytes = 24, kMaxIds = 9;

  /// One cache line. count 0: empty.
  struct alignas(64) Slot {
    std::uint64_t words[3];  // the piece, zeros behind it
    std::uint8_t length, count;
    std::int32_t ids[kMaxIds];
    bool holds(const Slot& key) const {
      return words[0] == key.words[0] && words[1] == key.words[1] && words[2] == key.words[2] &&
             length == key.length && count > 0;
    }
  };
  static_assert(sizeof(Slot) == 64);

  /// 2^bits slots.
  explicit PieceCache(int bits) : slots_(std::size_t(1) << bits), shift_(64 - bits) {}

  /// The key of text[begin, begin + length), length from 1 to kMaxBytes, as a slot without ids.
  static Slot key_of(std::string_view text, std::size_t begin, std::size_t length) {
    Slot key;
    key.length = std::uint8_t(length);
    key.count = 0;
    const char* from = text.data() + begin;
    if (text.size() - begin >= kMaxBytes) [[likely]] {
      std::memcpy(key.words, from, kMaxBytes);  // three loads; what is too much is masked off
      for (std::size_t w = 0; w < 3; ++w) {
        const std::size_t bytes = length > 8 * w ? std::min<std::size_t>(length - 8 * w, 8) : 0;
        key.words[w] &= bytes == 8 ? ~std::uint64_t(0) : (std::uint64_t(1) << 8 * bytes) - 1;
      }
    } else {
      std::memset(key.words, 0, kMaxBytes);
      std::memcpy(key.words, from, length);
    }
    return key;
  }

  Slot& place(const Slot& key) {
    std::uint64_t hash = key.words[0] * 0x9E3779B97F4A7C15u;
    hash = (hash ^ hash >> 32 ^ key.words[1]) * 0xD6E8FEB86659FD93u;
    hash = (hash ^ hash >> 32 ^ key.words[2]) * 0x9E3779B97F4A7C15u;
    return slots_[hash >> shift_];
  }

 private:
  std::vector<Slot> slots_;
  int shift_;
};

}  // namespace pupil
