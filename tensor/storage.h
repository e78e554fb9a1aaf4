// Storage: a counted block of memory. Blocks that are given back are kept and handed out again, so
// that a training step in its steady state touches no fresh page (a first touch costs 7 to 8 times
// a copy: docs/decisions.md).
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

namespace pupil {

class Storage {
 public:
  /// At least `bytes` bytes, aligned to 64, contents undefined. Throws Error when memory runs out.
  static std::shared_ptr<Storage> allocate(std::size_t bytes);
  /// Memory that belongs to somebody else; `keep` holds the owner alive (a mapped file).
  static std::shared_ptr<Storage> borrow(void* data, std::size_t bytes, std::shared_ptr<void> keep);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

  /// Counts in-place writes to parameters. A node remembers the version of what it saved; the tape
  /// refuses to use a value that changed between forward and backward.
  std::uint32_t version = 0;

 private:
  Storage(std::byte* data, std::size_t bytes, std::shared_ptr<void> keep);
  std::byte* data_;
  std::size_t bytes_;
  std::shared_ptr<void> keep_;
};

/// What the allocator holds, in bytes.
struct MemoryStatistics {
  std::size_t in_use = 0;  ///< handed out now
  std::size_t peak = 0;    ///< largest in_use so far
  std::size_t cached = 0;  ///< given back and kept
  std::size_t fresh = 0;   ///< blocks ever taken from the system; constant in the steady state
};
MemoryStatistics memory_statistics();
/// Gives all kept blocks back to the system.
void release_cached_memory();

}  // namespace pupil
