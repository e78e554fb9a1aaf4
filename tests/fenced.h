// Memory for kernel tests that ends where the operands end: a step beyond it stops the program.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace pupil::test {

// n numbers that end at the end of a page, before one that may not be touched.
template <class T>
class Fenced {
 public:
  explicit Fenced(std::int64_t n, T value = T(0)) {
    const std::size_t page = std::size_t(sysconf(_SC_PAGESIZE));
    const std::size_t used = (std::size_t(n) * sizeof(T) + page - 1) / page * page;
    bytes_ = used + page;
    base_ = static_cast<char*>(
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base_ + used, page, PROT_NONE);
    data_ = reinterpret_cast<T*>(base_ + used) - n;
    size_ = n;
    for (std::int64_t i = 0; i < n; ++i) data_[i] = value;
  }
  template <class U>
  explicit Fenced(const std::vector<U>& values) : Fenced(std::int64_t(values.size())) {
    for (std::size_t i = 0; i < values.size(); ++i) data_[i] = T(values[i]);
  }
  Fenced(const Fenced&) = delete;
  Fenced& operator=(const Fenced&) = delete;
  ~Fenced() { munmap(base_, bytes_); }

  T* data() const { return data_; }
  T& operator[](std::int64_t i) const { return data_[i]; }
  std::int64_t size() const { return size_; }

 private:
  char* base_;
  std::size_t bytes_;
  T* data_;
  std::int64_t size_;
};

inline std::vector<double> uniform(std::int64_t n, double low, double high, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> number(low, high);
  std::vector<double> values(n);
  for (double& v : values) v = number(engine);
  return values;
}

}  // namespace pupil::test
