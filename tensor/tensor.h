// Tensor: a value. Row-major, contiguous, of one element type; no gradient, no history.
//
// A Tensor is a cheap handle: copies share the storage. Reshaping and taking a range of rows share
// it, too; everything else copies. Gradients live one room further, in autograd/variable.h.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/view.h"
#include "tensor/shape.h"
#include "tensor/storage.h"

namespace pupil {

enum class DType : std::uint8_t { kFloat32, kFloat64, kInt32 };
std::size_t size_of(DType dtype);
const char* name_of(DType dtype);  ///< "f32", "f64", "i32"
inline bool is_float(DType dtype) { return dtype != DType::kInt32; }

template <class T>
inline constexpr DType kDTypeOf = DType::kFloat32;
template <>
inline constexpr DType kDTypeOf<double> = DType::kFloat64;
template <>
inline constexpr DType kDTypeOf<std::int32_t> = DType::kInt32;

class Tensor {
 public:
  Tensor() = default;  ///< undefined: no storage; defined() is false
  /// Contents undefined.
  static Tensor empty(const Shape& shape, DType dtype = DType::kFloat32);
  static Tensor zeros(const Shape& shape, DType dtype = DType::kFloat32);
  static Tensor full(const Shape& shape, double value, DType dtype = DType::kFloat32);
  static Tensor scalar(double value, DType dtype = DType::kFloat32) {
    return full({}, value, dtype);
  }
  /// Copies `values`; throws ShapeError when their number is not shape.numel().
  template <class T>
  static Tensor from(const Shape& shape, std::span<const T> values);
  template <class T>
  static Tensor from(const Shape& shape, const std::vector<T>& values) {
    return from<T>(shape, std::span<const T>(values));
  }
  /// Memory owned by somebody else (a mapped file), held alive by `keep`.
  static Tensor borrow(void* data, const Shape& shape, DType dtype, std::shared_ptr<void> keep);

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  std::int64_t numel() const { return shape_.numel(); }
  std::size_t bytes() const { return numel() * size_of(dtype_); }
  std::string str() const;  ///< "(4, 3) f32", for messages

  /// The elements; throws DTypeError when T is not the element type.
  template <class T>
  T* data() const;
  template <class T>
  std::span<T> span() const {
    return {data<T>(), std::size_t(numel())};
  }
  template <class T>
  std::vector<T> to_vector() const;
  /// rows x last axis, as kernels take it.
  template <class T>
  View<T> view() const {
    return dense(data<T>(), shape_.rows(), shape_.back());
  }
  /// The one element of a tensor with numel() 1, as double; throws ShapeError otherwise.
  double item() const;

  /// Same elements, same storage, other axes. Throws ShapeError when the number of elements
  /// differs.
  Tensor reshape(const Shape& shape) const;
  /// The part [begin, end) of the outermost axis, sharing the storage. Throws IndexError.
  Tensor rows(std::int64_t begin, std::int64_t end) const;
  Tensor clone() const;
  Tensor to(DType dtype) const;  ///< a copy in another element type (itself when it is the same)

  /// In-place writes, for optimizers, loading and accumulation.
  void fill_(double value) const;
  void copy_(const Tensor& source) const;  ///< same shape, any float type
  void add_(const Tensor& other) const;    ///< += ; same shape and element type
  void scale_(double factor) const;

  const std::shared_ptr<Storage>& storage() const { return storage_; }
  /// True when no other handle shares the storage, so that writing in place harms nobody.
  bool unique() const { return storage_.use_count() == 1; }

 private:
  std::shared_ptr<Storage> storage_;
  std::int64_t offset_ = 0;  // in bytes
  Shape shape_;
  DType dtype_ = DType::kFloat32;
};

/// Calls f.template operator()<T>() with T = float or double; throws DTypeError naming `op`.
template <class F>
decltype(auto) dispatch_float(const char* op, DType dtype, F&& f);

[[noreturn]] void throw_not_float(const char* op, DType dtype);
template <class F>
decltype(auto) dispatch_float(const char* op, DType dtype, F&& f) {
  if (dtype == DType::kFloat32) return f.template operator()<float>();
  if (dtype == DType::kFloat64) return f.template operator()<double>();
  throw_not_float(op, dtype);
}

}  // namespace pupil
