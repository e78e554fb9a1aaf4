#include "tensor/storage.h"

#include <fmt/format.h>

#include <cstdlib>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "tensor/error.h"

namespace pupil {
namespace {

// Sizes are rounded up to one of eight steps per power of two: at most 1/8 is wasted, and a step
// whose shapes vary a little (batches of text) still finds its blocks again.
std::size_t size_class(std::size_t bytes) {
  std::size_t step = 64;
  while (step * 16 <= bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

// Never destroyed: tensors with static lifetime may still give blocks back at exit.
struct Pool {
  std::mutex mutex;
  std::unordered_map<std::size_t, std::vector<std::byte*>> free;
  MemoryStatistics statistics;
};
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

}  // namespace

Storage::Storage(std::byte* data, std::size_t bytes, std::shared_ptr<void> keep)
    : data_(data), bytes_(bytes), keep_(std::move(keep)) {}

std::shared_ptr<Storage> Storage::allocate(std::size_t bytes) {
  const std::size_t rounded = size_class(bytes ? bytes : 1);
  std::byte* data = nullptr;
  {
    Pool& p = pool();
    const std::lock_guard lock(p.mutex);
    if (const auto found = p.free.find(rounded); found != p.free.end() && !found->second.empty()) {
      data = found->second.back();
      found->second.pop_back();
      p.statistics.cached -= rounded;
    } else {
      data = static_cast<std::byte*>(std::aligned_alloc(64, rounded));
      if (!data) {
        throw Error(fmt::format("[memory] no memory for {} MiB; {} MiB are in use", rounded >> 20,
                                p.statistics.in_use >> 20));
      }
      ++p.statistics.fresh;
    }
    p.statistics.in_use += rounded;
    p.statistics.peak = std::max(p.statistics.peak, p.statistics.in_use);
  }
  return std::shared_ptr<Storage>(new Storage(data, rounded, nullptr));
}

std::shared_ptr<Storage> Storage::borrow(void* data, std::size_t bytes,
                                         std::shared_ptr<void> keep) {
  return std::shared_ptr<Storage>(
      new Storage(static_cast<std::byte*>(data), bytes, std::move(keep)));
}

Storage::~Storage() {
  if (keep_) return;
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  p.free[bytes_].push_back(data_);
  p.statistics.in_use -= bytes_;
  p.statistics.cached += bytes_;
}

MemoryStatistics memory_statistics() {
  const std::lock_guard lock(pool().mutex);
  return pool().statistics;
}

void release_cached_memory() {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  for (auto& [bytes, blocks] : p.free) {
    for (std::byte* block : blocks) std::free(block);
  }
  p.free.clear();
  p.statistics.cached = 0;
}

}  // namespace pupil
