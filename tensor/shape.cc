#include "tensor/shape.h"

#include <fmt/format.h>

#include <algorithm>

#include "tensor/error.h"

namespace pupil {

Shape::Shape(std::span<const std::int64_t> axes) {
  if (axes.size() > kMaxRank) {
    throw ShapeError(
        fmt::format("[shape] {} axes; at most {} are supported", axes.size(), kMaxRank));
  }
  for (const std::int64_t length : axes) {
    if (length < 0) throw ShapeError(fmt::format("[shape] axis {} has length {}", rank_, length));
    axes_[rank_++] = length;
  }
}

std::int64_t Shape::numel() const {
  std::int64_t n = 1;
  for (const std::int64_t length : *this) n *= length;
  return n;
}

std::int64_t Shape::rows() const {
  std::int64_t n = 1;
  for (int axis = 0; axis + 1 < rank_; ++axis) n *= axes_[axis];
  return n;
}

bool Shape::operator==(const Shape& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

std::string Shape::str() const {
  std::string text = "(";
  for (int axis = 0; axis < rank_; ++axis)
    text += fmt::format("{}{}", axis ? ", " : "", axes_[axis]);
  return text + ")";
}

Shape broadcast(const char* op, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::array<std::int64_t, Shape::kMaxRank> axes{};
  for (int back = 1; back <= rank; ++back) {
    const std::int64_t in_a = back <= a.rank() ? a[-back] : 1;
    const std::int64_t in_b = back <= b.rank() ? b[-back] : 1;
    if (in_a != in_b && in_a != 1 && in_b != 1) {
      throw ShapeError(
          fmt::format("[{}] shapes {} and {} do not broadcast: axis {} from the back is {} and {}; "
                      "they must be "
                      "equal or one of them 1",
                      op, a.str(), b.str(), back, in_a, in_b));
    }
    axes[rank - back] = in_a == 1 ? in_b : in_a;
  }
  return Shape(std::span<const std::int64_t>(axes.data(), rank));
}

int normalize_axis(const char* op, int axis, const Shape& shape) {
  const int from_front = axis < 0 ? axis + shape.rank() : axis;
  if (from_front < 0 || from_front >= shape.rank()) {
    throw IndexError(
        fmt::format("[{}] axis {} is out of range for shape {}", op, axis, shape.str()));
  }
  return from_front;
}

}  // namespace pupil
