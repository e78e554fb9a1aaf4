#include "tensor/tensor.h"

#include <fmt/format.h>

#include <cstring>

#include "kernels/parallel.h"
#include "tensor/error.h"

namespace pupil {

std::size_t size_of(DType dtype) { return dtype == DType::kFloat64 ? 8 : 4; }

const char* name_of(DType dtype) {
  return dtype == DType::kFloat32 ? "f32" : dtype == DType::kFloat64 ? "f64" : "i32";
}

void throw_not_float(const char* op, DType dtype) {
  throw DTypeError(fmt::format("[{}] needs f32 or f64, got {}", op, name_of(dtype)));
}

Tensor Tensor::empty(const Shape& shape, DType dtype) {
  Tensor t;
  t.shape_ = shape;
  t.dtype_ = dtype;
  t.storage_ = Storage::allocate(shape.numel() * size_of(dtype));
  return t;
}

Tensor Tensor::zeros(const Shape& shape, DType dtype) {
  Tensor t = empty(shape, dtype);
  std::memset(t.storage_->data(), 0, t.bytes());
  return t;
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype) {
  Tensor t = empty(shape, dtype);
  t.fill_(value);
  return t;
}

template <class T>
Tensor Tensor::from(const Shape& shape, std::span<const T> values) {
  if (shape.numel() != std::int64_t(values.size())) {
    throw ShapeError(fmt::format("[tensor] shape {} needs {} values, got {}", shape.str(),
                                 shape.numel(), values.size()));
  }
  Tensor t = empty(shape, kDTypeOf<T>);
  if (!values.empty()) std::memcpy(t.storage_->data(), values.data(), values.size_bytes());
  return t;
}
template Tensor Tensor::from(const Shape&, std::span<const float>);
template Tensor Tensor::from(const Shape&, std::span<const double>);
template Tensor Tensor::from(const Shape&, std::span<const std::int32_t>);

Tensor Tensor::borrow(void* data, const Shape& shape, DType dtype, std::shared_ptr<void> keep) {
  Tensor t;
  t.shape_ = shape;
  t.dtype_ = dtype;
  t.storage_ = Storage::borrow(data, shape.numel() * size_of(dtype), std::move(keep));
  return t;
}

std::string Tensor::str() const {
  return defined() ? fmt::format("{} {}", shape_.str(), name_of(dtype_)) : "undefined";
}

template <class T>
T* Tensor::data() const {
  if (!defined()) throw DTypeError("[tensor] data of an undefined tensor");
  if (dtype_ != kDTypeOf<T>) {
    throw DTypeError(fmt::format("[tensor] holds {}, asked for {}", str(), name_of(kDTypeOf<T>)));
  }
  return reinterpret_cast<T*>(storage_->data() + offset_);
}
template float* Tensor::data<float>() const;
template double* Tensor::data<double>() const;
template std::int32_t* Tensor::data<std::int32_t>() const;

template <class T>
std::vector<T> Tensor::to_vector() const {
  const auto values = span<T>();
  return {values.begin(), values.end()};
}
template std::vector<float> Tensor::to_vector() const;
template std::vector<double> Tensor::to_vector() const;
template std::vector<std::int32_t> Tensor::to_vector() const;

double Tensor::item() const {
  if (numel() != 1) throw ShapeError(fmt::format("[item] needs one element, got {}", str()));
  if (dtype_ == DType::kFloat64) return *data<double>();
  if (dtype_ == DType::kFloat32) return *data<float>();
  return *data<std::int32_t>();
}

Tensor Tensor::reshape(const Shape& shape) const {
  Tensor t = *this;
  t.shape_ = shape;
  if (t.numel() != numel()) {
    throw ShapeError(fmt::format("[reshape] {} has {} elements, {} has {}", shape_.str(), numel(),
                                 shape.str(), t.numel()));
  }
  return t;
}

Tensor Tensor::rows(std::int64_t begin, std::int64_t end) const {
  if (shape_.rank() == 0 || begin < 0 || end < begin || end > shape_[0]) {
    throw IndexError(fmt::format("[rows] [{}, {}) is out of range for {}", begin, end, str()));
  }
  Tensor t = *this;
  t.shape_[0] = end - begin;
  t.offset_ += shape_[0] ? begin * (bytes() / shape_[0]) : 0;
  return t;
}

Tensor Tensor::clone() const {
  Tensor t = empty(shape_, dtype_);
  std::memcpy(t.storage_->data(), storage_->data() + offset_, bytes());
  return t;
}

Tensor Tensor::to(DType dtype) const {
  if (dtype == dtype_) return *this;
  Tensor t = empty(shape_, dtype);
  t.copy_(*this);
  return t;
}

namespace {

// Cut by size alone, so that threads never change a result.
constexpr std::int64_t kChunk = 1 << 15;
template <class F>
void for_chunks(std::int64_t n, F&& body) {
  parallel_for((n + kChunk - 1) / kChunk, [&](std::int64_t chunk) {
    body(chunk * kChunk, std::min(n, (chunk + 1) * kChunk));
  });
}

template <class F>
void dispatch_any(DType dtype, F&& f) {
  if (dtype == DType::kInt32) return f.template operator()<std::int32_t>();
  dispatch_float("tensor", dtype, f);
}

void check_same_shape(const char* op, const Tensor& a, const Tensor& b) {
  if (a.shape() == b.shape()) return;
  throw ShapeError(fmt::format("[{}] shapes differ: {} and {}", op, a.str(), b.str()));
}

}  // namespace

void Tensor::fill_(double value) const {
  dispatch_any(dtype_, [&]<class T>() {
    T* const p = data<T>();
    for_chunks(numel(), [&](auto begin, auto end) { std::fill(p + begin, p + end, T(value)); });
  });
}

void Tensor::copy_(const Tensor& source) const {
  check_same_shape("copy_", *this, source);
  dispatch_any(dtype_, [&]<class To>() {
    dispatch_any(source.dtype_, [&]<class From>() {
      To* const to = data<To>();
      const From* const from = source.data<From>();
      for_chunks(numel(), [&](auto begin, auto end) {
        for (auto i = begin; i < end; ++i) to[i] = static_cast<To>(from[i]);
      });
    });
  });
}

void Tensor::add_(const Tensor& other) const {
  check_same_shape("add_", *this, other);
  dispatch_float("add_", dtype_, [&]<class T>() {
    T* const to = data<T>();
    const T* const from = other.data<T>();
    for_chunks(numel(), [&](auto begin, auto end) {
      for (auto i = begin; i < end; ++i) to[i] += from[i];
    });
  });
}

void Tensor::scale_(double factor) const {
  dispatch_float("scale_", dtype_, [&]<class T>() {
    T* const p = data<T>();
    for_chunks(numel(), [&](auto begin, auto end) {
      for (auto i = begin; i < end; ++i) p[i] *= T(factor);
    });
  });
}

}  // namespace pupil
