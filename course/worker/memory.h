// The arguments of a call in memory that notices a step too far: each array ends where a page
// without access begins, and inputs cannot be written.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "lessons/kit/call.h"

namespace pupil::course {

class GuardedArray {
 public:
  /// Room for `size` bytes; throws std::bad_alloc.
  GuardedArray(std::string name, std::size_t size);
  ~GuardedArray();
  GuardedArray(const GuardedArray&) = delete;
  GuardedArray& operator=(const GuardedArray&) = delete;

  void* data() const { return data_; }
  const char* name() const { return name_.c_str(); }
  void forbid_writing();
  /// True when `address` lies in this array's pages or the guards around them.
  bool near(const void* address) const;
  std::int64_t offset_of(const void* address) const {
    return static_cast<const char*>(address) - static_cast<const char*>(data_);
  }

 private:
  std::string name_;
  char* pages_;
  std::size_t length_;  // guards included
  void* data_;
};

}  // namespace pupil::course
