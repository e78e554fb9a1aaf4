#include "tensor/dropout.h"

#include <fmt/format.h>

#include "kernels/dropout.h"
#include "tensor/error.h"

namespace pupil::tensor {

void check_dropout(double p) {
  if (p >= 0 && p < 1) return;
  throw UsageError(fmt::format("[dropout] p is {}; expected 0 <= p < 1, the share to drop", p));
}

void dropout_into(const Tensor& out, bool add, const Tensor& x, double p, std::uint64_t seed,
                  std::uint64_t stream) {
  check_dropout(p);
  const auto threshold = std::uint32_t(p * 0x1p32);
  dispatch_float("dropout", x.dtype(), [&]<class T>() {
    cpu::dropout<T>(out.data<T>(), add, x.data<T>(), x.numel(), threshold, T(1 / (1 - p)), seed,
                    stream);
  });
}

}  // namespace pupil::tensor
