#include "tensor/quantise.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "kernels/matmul.h"
#include "kernels/parallel.h"
#include "kernels/quantise.h"
#include "tensor/error.h"
#include "tensor/matmul.h"
#include "tensor/shapes.h"

namespace pupil {

const char* name_of(Quantisation kind) { return kind == Quantisation::kNf4 ? "nf4" : "int8"; }

Quantisation quantisation(const std::string& name) {
  if (name == "nf4") return Quantisation::kNf4;
  if (name == "int8") return Quantisation::kInt8;
  throw UsageError(fmt::format("unknown quantisation \"{}\"; choose nf4 or int8", name));
}

std::size_t QuantisedMatrix::bytes() const {
  std::size_t sum = 0;
  for (const Tensor* part : {&codes, &scales, &scales2}) sum += part->defined() ? part->bytes() : 0;
  return sum;
}

namespace tensor {
namespace {

// Rows of W^T in a tile: a multiple of NF4's block, so that every tile begins with a block.
constexpr std::int64_t kTileRows = cpu::kNf4Block;

Tensor bytes_tensor(std::int64_t count) { return Tensor::zeros({(count + 3) / 4}, DType::kInt32); }
template <class Byte>
Byte* bytes_of(const Tensor& t) {
  return reinterpret_cast<Byte*>(t.data<std::int32_t>());
}

std::int64_t blocks_of(const QuantisedMatrix& w) {
  return (w.in * w.out + cpu::kNf4Block - 1) / cpu::kNf4Block;
}

Tensor block_scales(const QuantisedMatrix& w) {
  if (w.kind == Quantisation::kInt8) return w.scales;
  Tensor absmax = Tensor::empty({blocks_of(w)});
  cpu::dequantise_scales(absmax.span<float>(),
                         {bytes_of<const std::uint8_t>(w.scales), std::size_t(absmax.numel())},
                         w.scales2.span<float>(), w.offset);
  return absmax;
}

// Rows [begin, begin + count) of W^T; begin is a multiple of kTileRows.
template <class T>
void dequantise_rows(T* out, const QuantisedMatrix& w, const float* scales, std::int64_t begin,
                     std::int64_t count) {
  const std::int64_t first = begin * w.in;
  if (w.kind == Quantisation::kNf4) {
    cpu::nf4_dequantise<T>(out, bytes_of<const std::uint8_t>(w.codes) + first / 2,
                           scales + first / cpu::kNf4Block, count * w.in);
  } else {
    cpu::int8_dequantise<T>(dense(out, count, w.in), bytes_of<const std::int8_t>(w.codes) + first,
                            scales + begin);
  }
}

}  // namespace

QuantisedMatrix quantise(const Tensor& weight, Quantisation kind) {
  const Tensor turned = permute(weight.to(DType::kFloat32), std::array{1, 0});
  for (const float x : turned.span<float>()) {
    if (!std::isfinite(x)) {
      throw InputError(fmt::format("a weight {} to be quantised holds {}", weight.str(), x));
    }
  }
  QuantisedMatrix w;
  w.kind = kind;
  w.in = weight.shape()[0];
  w.out = weight.shape()[1];
  const std::int64_t n = w.in * w.out;
  if (kind == Quantisation::kInt8) {
    w.codes = bytes_tensor(n);
    w.scales = Tensor::empty({w.out});
    cpu::int8_quantise<float>(bytes_of<std::int8_t>(w.codes), w.scales.data<float>(),
                              turned.view<float>());
    return w;
  }
  w.codes = bytes_tensor((n + 1) / 2);
  const Tensor absmax = Tensor::empty({blocks_of(w)});
  cpu::nf4_quantise<float>(bytes_of<std::uint8_t>(w.codes), absmax.data<float>(),
                           turned.data<float>(), n);
  w.scales = bytes_tensor(absmax.numel());
  w.scales2 = Tensor::empty({(absmax.numel() + cpu::kScaleBlock - 1) / cpu::kScaleBlock});
  w.offset = cpu::quantise_scales({bytes_of<std::uint8_t>(w.scales), std::size_t(absmax.numel())},
                                  w.scales2.span<float>(), absmax.span<float>());
  return w;
}

Tensor dequantise(const QuantisedMatrix& w, DType dtype) {
  Tensor out = Tensor::empty({w.out, w.in}, dtype);
  const Tensor scales = block_scales(w);
  dispatch_float("dequantise", dtype, [&]<class T>() {
    dequantise_rows<T>(out.data<T>(), w, scales.data<float>(), 0, w.out);
  });
  return out;
}

Tensor quantised_matmul(const Tensor& x, const QuantisedMatrix& w) {
  Shape shape = x.shape();
  if (shape.rank() < 2 || shape.back() != w.in) {
    throw ShapeError(
        fmt::format("[quantised_matmul] x is {}, the weight ({}, {})", x.str(), w.in, w.out));
  }
  shape[-1] = w.out;
  Tensor y = Tensor::empty(shape, x.dtype());
  const Tensor scales = block_scales(w);
  dispatch_float("quantised_matmul", x.dtype(), [&]<class T>() {
    const View<T> out = y.view<T>();
    parallel_for((w.out + kTileRows - 1) / kTileRows, [&](std::int64_t tile) {
      thread_local std::vector<T> rows;
      const std::int64_t begin = tile * kTileRows, count = std::min(kTileRows, w.out - begin);
      rows.resize(std::size_t(count * w.in));
      dequantise_rows<T>(rows.data(), w, scales.data<float>(), begin, count);
      cpu::matmul<T>({out.data + begin, out.rows, count, out.stride}, x.view<T>(), false,
                     dense<const T>(rows.data(), count, w.in), true);
    });
  });
  return y;
}

void quantised_matmul_backward(const Tensor& out, bool add, const Tensor& dy,
                               const QuantisedMatrix& w) {
  matmul_into(out, add, dy, false, dequantise(w, dy.dtype()), false);
}

}  // namespace tensor
}  // namespace pupil
