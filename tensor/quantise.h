// A frozen matrix in 4 or 8 bits a number (kernels/quantise.h defines them), and products with it.
//
// A weight W of shape (in, out) is quantised as its transpose, (out, in): blocks and rows run along
// the inputs of one output, as in bitsandbytes' linear layers, so that the same weights give the
// same codes there and here.
#pragma once
#include <string>

#include "tensor/tensor.h"

namespace pupil {

enum class Quantisation { kNf4, kInt8 };
const char* name_of(Quantisation kind);  ///< "nf4", "int8"
/// Throws UsageError naming both.
Quantisation quantisation(const std::string& name);

struct QuantisedMatrix {
  Quantisation kind = Quantisation::kNf4;
  std::int64_t in = 0, out = 0;
  Tensor codes{};    ///< bytes, four to an i32: packed NF4 indices or int8 codes
  Tensor scales{};   ///< nf4: codes of the blocks' absmax, bytes likewise; int8: absmax of the rows
  Tensor scales2{};  ///< nf4: absmax of the scales' blocks
  float offset = 0;  ///< nf4: mean of the blocks' absmax

  std::size_t bytes() const;
};

namespace tensor {

/// weight: (in, out). Throws InputError when it holds NaN or Inf.
QuantisedMatrix quantise(const Tensor& weight, Quantisation kind);
/// W^T: (out, in).
Tensor dequantise(const QuantisedMatrix& w, DType dtype);

/// x W for x: (..., in) -> (..., out), W dequantised tile by tile.
Tensor quantised_matmul(const Tensor& x, const QuantisedMatrix& w);
/// out `=` or `+=` dy W^T for dy: (..., out) -> (..., in).
void quantised_matmul_backward(const Tensor& out, bool add, const Tensor& dy,
                               const QuantisedMatrix& w);

}  // namespace tensor
}  // namespace pupil
