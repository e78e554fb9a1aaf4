#include "course/worker/memory.h"

#include <sys/mman.h>

#include <new>

namespace pupil::course {

constexpr std::size_t kPage = 4096;

GuardedArray::GuardedArray(std::string name, std::size_t size) : name_(std::move(name)) {
  const std::size_t inner = (size + kPage - 1) / kPage * kPage;
  length_ = inner + 2 * kPage;
  void* pages = ::mmap(nullptr, length_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  pages_ = static_cast<char*>(pages);
  if (inner > 0 && ::mprotect(pages_ + kPage, inner, PROT_READ | PROT_WRITE) != 0) {
    ::munmap(pages_, length_);
    throw std::bad_alloc();
  }
  data_ = pages_ + kPage + inner - size;
}

GuardedArray::~GuardedArray() { ::munmap(pages_, length_); }

void GuardedArray::forbid_writing() {
  if (length_ > 2 * kPage) ::mprotect(pages_ + kPage, length_ - 2 * kPage, PROT_READ);
}

bool GuardedArray::near(const void* address) const {
  const char* at = static_cast<const char*>(address);
  return pages_ <= at && at < pages_ + length_;
}

}  // namespace pupil::course
