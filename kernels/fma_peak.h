// The arithmetic peak of this processor as it is now: what benchmarks are a share of.
#pragma once

namespace pupil::cpu {

/// Does `rounds` x 4096 fused multiply-adds of full vectors that depend on nothing in memory, and
/// writes their count of floating-point operations to *flops. T is float or double.
template <class T>
void fma_burst(double* flops, T* sink, int rounds);

}  // namespace pupil::cpu
