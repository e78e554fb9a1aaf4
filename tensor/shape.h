// Shape: the lengths of a tensor's axes, outermost first. A scalar has no axes and one element.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace pupil {

class Shape {
 public:
  static constexpr int kMaxRank = 6;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> axes) : Shape(std::span(axes.begin(), axes.size())) {}
  explicit Shape(std::span<const std::int64_t> axes);  ///< throws ShapeError: rank > 6, length < 0

  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const { return axes_[axis < 0 ? axis + rank_ : axis]; }
  std::int64_t& operator[](int axis) { return axes_[axis < 0 ? axis + rank_ : axis]; }
  std::int64_t back() const { return rank_ ? axes_[rank_ - 1] : 1; }
  std::int64_t numel() const;
  /// Number of rows when the last axis is a row: numel / back.
  std::int64_t rows() const;
  const std::int64_t* begin() const { return axes_.data(); }
  const std::int64_t* end() const { return axes_.data() + rank_; }
  bool operator==(const Shape& other) const;
  std::string str() const;  ///< "(4, 3)"

 private:
  std::array<std::int64_t, kMaxRank> axes_{};
  int rank_ = 0;
};

/// The shape both a and b broadcast to (NumPy's rule: align at the last axis, 1 stretches).
/// Throws ShapeError naming `op`.
Shape broadcast(const char* op, const Shape& a, const Shape& b);

/// `axis` counted from the front; negative counts from the back. Throws IndexError naming `op`.
int normalize_axis(const char* op, int axis, const Shape& shape);

}  // namespace pupil
