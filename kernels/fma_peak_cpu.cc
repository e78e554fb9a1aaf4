#include "kernels/fma_peak.h"

#include "kernels/isa.h"
#include "kernels/simd.h"

namespace pupil::cpu {

// Sixteen independent chains hide the latency of the unit (4 cycles, two units).
KERNEL(fma_burst, (double* flops, T* sink, int rounds), (flops, sink, rounds)) {
  constexpr int kChains = 16, kSteps = 256;
  using V = Vec<T>;
  V chain[kChains];
  for (int i = 0; i < kChains; ++i) chain[i] = V(T(1) + T(i) * T(1e-3));
  const V factor(T(0.999999)), term(T(1e-6));
  for (int round = 0; round < rounds; ++round) {
    for (int step = 0; step < kSteps; ++step) {
      for (int i = 0; i < kChains; ++i) chain[i] = fma(chain[i], factor, term);
    }
  }
  V total(T(0));
  for (int i = 0; i < kChains; ++i) total += chain[i];
  *sink = reduce_add(total);
  *flops = 2.0 * V::kLanes * kChains * kSteps * rounds;
}
INSTANTIATE(fma_burst)

}  // namespace pupil::cpu
