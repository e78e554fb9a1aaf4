// One pool of engine threads, and a loop over it.
//
//   parallel_for(n, body)   calls body(0), ..., body(n - 1), each once, and returns when all are
//   done
//
// The indices are split into one contiguous range a thread; the caller works too. Runs inline when
// n <= 1, with one thread, inside another parallel_for, and when another thread is using the pool.
//
// Contract: results must not depend on the number of threads. So let an index be a tile whose
// borders follow from the shape alone, write only to that tile, and combine partial sums afterwards
// in the order of tiles. An exception that leaves body ends the program: check arguments before.
// Cost with warm threads: 1 to 2 microseconds (bench/matmul_bench); no allocation.
#pragma once
#include <cstdint>
#include <type_traits>

namespace pupil {

/// Sets how many threads work from now on, the caller included; n < 1 means 1. Not inside a body.
void set_threads(int n);

/// The number of threads. At first: PUPIL_THREADS, else the cores this process may use (its CPU
/// affinity and its cgroup's quota).
int threads();

namespace detail {
using RangeBody = void (*)(void* context, std::int64_t begin, std::int64_t end);
void parallel_ranges(std::int64_t n, RangeBody body, void* context);
}  // namespace detail

template <class Body>
void parallel_for(std::int64_t n, Body&& body) {
  using Function = std::remove_reference_t<Body>;
  constexpr auto kRange = [](void* context, std::int64_t begin, std::int64_t end) noexcept {
    Function& function = *static_cast<Function*>(context);
    for (std::int64_t i = begin; i < end; ++i) function(i);
  };
  void* context = const_cast<void*>(static_cast<const void*>(__builtin_addressof(body)));
  if (n <= 1) {
    kRange(context, 0, n);
  } else {
    detail::parallel_ranges(n, kRange, context);
  }
}

}  // namespace pupil
