// View: rows of numbers somewhere in memory, the argument of every kernel that walks rows.
#pragma once
#include <cstdint>

namespace pupil {

/// `rows` rows of `width` numbers; row i starts at data + i * stride (stride >= width, in
/// elements). A view owns nothing.
template <class T>
struct View {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t width = 0;
  std::int64_t stride = 0;

  [[gnu::always_inline]] T* row(std::int64_t i) const { return data + i * stride; }
  [[gnu::always_inline]] operator View<const T>() const { return {data, rows, width, stride}; }
};

/// A dense view: rows follow each other without gaps.
template <class T>
[[gnu::always_inline]] inline View<T> dense(T* data, std::int64_t rows, std::int64_t width) {
  return {data, rows, width, width};
}

}  // namespace pupil
