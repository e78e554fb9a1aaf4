// Which compiler reads a formula: the one place that asks for CUDA.
#pragma once
#include "kernels/isa.h"

/// Heads a function that both the CPU's loops and a GPU's kernels use.
#ifdef __CUDACC__
#define PUPIL_FORMULA __host__ __device__ __forceinline__
#else
#define PUPIL_FORMULA PUPIL_INLINE
#endif
