// Tiles of a loop over elements: their borders follow from the number of elements alone. Part of
// kernels/*_cpu.cc: lives in the namespace of the instruction set.
#pragma once
#include <cstdint>

#include "kernels/parallel.h"
#include "kernels/simd.h"

namespace pupil::cpu::PUPIL_ISA {

/// Calls body(begin, end) for tiles of `tile` out of n, in parallel.
template <class Body>
PUPIL_INLINE void for_tiles(std::int64_t n, std::int64_t tile, Body body) {
  parallel_for((n + tile - 1) / tile,
               [&](std::int64_t t) { body(t * tile, (t + 1) * tile < n ? (t + 1) * tile : n); });
}

/// Stores a gradient with `=`, or `+=` when add, or not at all where there is no place for it.
template <class T, class At>
PUPIL_INLINE void store_gradient(At at, T* place, bool add, Vec<T> gradient) {
  if (!place) return;
  at.store(place, add ? at.load(place) + gradient : gradient);
}

}  // namespace pupil::cpu::PUPIL_ISA
