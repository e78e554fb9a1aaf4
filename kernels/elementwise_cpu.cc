#include "kernels/elementwise.h"

#include "kernels/isa.h"
#include "kernels/simd.h"
#include "kernels/tiles.h"

namespace pupil::cpu {
namespace PUPIL_ISA {

// Calls body(at) for every vector of n elements, tile by tile.
template <class T, class Body>
PUPIL_INLINE void for_elements(std::int64_t n, Body body) {
  for_tiles(n, kElementwiseTile,
            [&](std::int64_t begin, std::int64_t end) { for_vectors<T>(begin, end, body); });
}

}  // namespace PUPIL_ISA

KERNEL_OF(unary_forward, (T * out, const T* inp, std::int64_t n), (out, inp, n)) {
  for_elements<T>(n, [=](auto at) PUPIL_INLINE_LAMBDA { at.store(out, F::f(at.load(inp))); });
}

KERNEL_OF(unary_backward,
          (T * dinp, bool add, const T* dout, const T* inp, const T* out, std::int64_t n),
          (dinp, add, dout, inp, out, n)) {
  for_elements<T>(n, [=](auto at) PUPIL_INLINE_LAMBDA {
    Vec<T> x = T(0), y = T(0);
    if constexpr (F::kReads == Reads::kInput) {
      x = at.load(inp);
    } else {
      y = at.load(out);
    }
    store_gradient(at, dinp, add, at.load(dout) * F::df(x, y));
  });
}

#define PUPIL_INSTANTIATE_UNARY(F) \
  INSTANTIATE_OF(unary_forward, F) \
  INSTANTIATE_OF(unary_backward, F)
PUPIL_UNARY_FUNCTORS(PUPIL_INSTANTIATE_UNARY)

namespace PUPIL_ISA {

// Calls body(at, i, a, b) with the vectors of both operands; `at` counts from element i, where a
// stretch begins in which no operand starts again.
template <class T, class Body>
PUPIL_INLINE void for_pairs(Repeated<T> a, Repeated<T> b, std::int64_t n, Body body) {
  for_tiles(n, kElementwiseTile, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin, next; i < end; i = next) {
      next = end;
      const bool one_a = a.period == 1 && b.period > 1, one_b = b.period == 1 && a.period > 1;
      const auto begin_of = [&](Repeated<T> x) PUPIL_INLINE_LAMBDA {
        const std::int64_t place = i < x.period ? i : i % x.period;
        next = i + x.period - place < next ? i + x.period - place : next;
        return x.data + place;
      };
      const T* from_a = one_a ? a.data : begin_of(a);
      const T* from_b = one_b ? b.data : begin_of(b);
      if (one_a) {
        const Vec<T> number = *from_a;
        for_vectors<T>(next - i,
                       [&](auto at) PUPIL_INLINE_LAMBDA { body(at, i, number, at.load(from_b)); });
      } else if (one_b) {
        const Vec<T> number = *from_b;
        for_vectors<T>(next - i,
                       [&](auto at) PUPIL_INLINE_LAMBDA { body(at, i, at.load(from_a), number); });
      } else {
        for_vectors<T>(next - i, [&](auto at) PUPIL_INLINE_LAMBDA {
          body(at, i, at.load(from_a), at.load(from_b));
        });
      }
    }
  });
}

}  // namespace PUPIL_ISA

KERNEL_OF(binary_forward, (T * out, Repeated<T> a, Repeated<T> b, std::int64_t n), (out, a, b, n)) {
  for_pairs(a, b, n, [=](auto at, std::int64_t i, Vec<T> x, Vec<T> y) PUPIL_INLINE_LAMBDA {
    at.store(out + i, F::f(x, y));
  });
}

KERNEL_OF(binary_backward,
          (T * da, bool add_a, T* db, bool add_b, const T* dout, Repeated<T> a, Repeated<T> b,
           std::int64_t n),
          (da, add_a, db, add_b, dout, a, b, n)) {
  for_pairs(a, b, n, [=](auto at, std::int64_t i, Vec<T> x, Vec<T> y) PUPIL_INLINE_LAMBDA {
    const Vec<T> d = at.load(dout + i);
    if (da) store_gradient(at, da + i, add_a, d * F::da(x, y));
    if (db) store_gradient(at, db + i, add_b, d * F::db(x, y));
  });
}

#define PUPIL_INSTANTIATE_BINARY(F) \
  INSTANTIATE_OF(binary_forward, F) \
  INSTANTIATE_OF(binary_backward, F)
PUPIL_BINARY_FUNCTORS(PUPIL_INSTANTIATE_BINARY)

KERNEL(fill, (T * out, T value, std::int64_t n), (out, value, n)) {
  for_elements<T>(n, [=](auto at) PUPIL_INLINE_LAMBDA { at.store(out, value); });
}
INSTANTIATE(fill)

KERNEL(scale, (T * out, T factor, const T* inp, std::int64_t n), (out, factor, inp, n)) {
  for_elements<T>(n, [=](auto at) PUPIL_INLINE_LAMBDA { at.store(out, at.load(inp) * factor); });
}
INSTANTIATE(scale)

KERNEL(accumulate, (T * out, T factor, const T* inp, std::int64_t n), (out, factor, inp, n)) {
  for_elements<T>(n, [=](auto at) PUPIL_INLINE_LAMBDA {
    at.store(out, fma(at.load(inp), Vec<T>(factor), at.load(out)));
  });
}
INSTANTIATE(accumulate)

KERNEL(clamp_forward, (T * out, const T* inp, T low, T high, std::int64_t n),
       (out, inp, low, high, n)) {
  for_elements<T>(n, [=](auto at) PUPIL_INLINE_LAMBDA {
    at.store(out, min(Vec<T>(high), max(Vec<T>(low), at.load(inp))));
  });
}
INSTANTIATE(clamp_forward)

KERNEL(clamp_backward,
       (T * dinp, bool add, const T* dout, const T* inp, T low, T high, std::int64_t n),
       (dinp, add, dout, inp, low, high, n)) {
  for_elements<T>(n, [=](auto at) PUPIL_INLINE_LAMBDA {
    const Vec<T> x = at.load(inp), d = at.load(dout), zero = T(0);
    store_gradient(at, dinp, add, select(x < Vec<T>(low), zero, select(x > Vec<T>(high), zero, d)));
  });
}
INSTANTIATE(clamp_backward)

KERNEL(where_forward,
       (T * out, const std::int32_t* condition, const T* a, const T* b, std::int64_t n),
       (out, condition, a, b, n)) {
  for_tiles(n, kElementwiseTile, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) out[i] = condition[i] ? a[i] : b[i];
  });
}
INSTANTIATE(where_forward)

KERNEL(where_backward,
       (T * da, bool add_a, T* db, bool add_b, const T* dout, const std::int32_t* condition,
        std::int64_t n),
       (da, add_a, db, add_b, dout, condition, n)) {
  for_tiles(n, kElementwiseTile, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T d = dout[i], to_a = condition[i] ? d : T(0), to_b = condition[i] ? T(0) : d;
      if (da) da[i] = add_a ? da[i] + to_a : to_a;
      if (db) db[i] = add_b ? db[i] + to_b : to_b;
    }
  });
}
INSTANTIATE(where_backward)

KERNEL(swiglu_forward, (T * out, const T* gate, const T* up, std::int64_t n), (out, gate, up, n)) {
  for_elements<T>(
      n, [=](auto at) PUPIL_INLINE_LAMBDA { at.store(out, Silu::f(at.load(gate)) * at.load(up)); });
}
INSTANTIATE(swiglu_forward)

KERNEL(swiglu_backward,
       (T * dgate, bool add_gate, T* dup, bool add_up, const T* dout, const T* gate, const T* up,
        std::int64_t n),
       (dgate, add_gate, dup, add_up, dout, gate, up, n)) {
  for_elements<T>(n, [=](auto at) PUPIL_INLINE_LAMBDA {
    const Vec<T> d = at.load(dout), g = at.load(gate), u = at.load(up);
    const Vec<T> s = sigmoid(g), silu = g * s;
    store_gradient(at, dgate, add_gate, d * u * (s + silu * (T(1) - s)));
    store_gradient(at, dup, add_up, d * silu);
  });
}
INSTANTIATE(swiglu_backward)

}  // namespace pupil::cpu
