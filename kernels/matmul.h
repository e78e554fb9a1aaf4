// Matrix products on the CPU, over single-threaded BLAS (OpenBLAS).
//
//   out = alpha * op(a) op(b) + beta * out        op(a): M x K, op(b): K x N, out: M x N; op(x) = x
//   or x^T
//
// All matrices are row-major with a row stride; trans_a says that a is stored as K x M, trans_b
// that b is stored as N x K. 2 M N K FLOPs. K may be 0 (out = beta * out), and with beta == 0 out
// is never read, so that it may hold NaN or nothing yet. Neither a nor b may overlap out.
//
// Deterministic: out is cut into tiles by M, N and K alone, a tile is one BLAS call over the whole
// of K, and threads take tiles; the bits are the same for every number of threads. Inside a
// parallel_for body the tiles run one after another in the calling thread.
#pragma once
#include <cstdint>
#include <type_traits>

#include "kernels/view.h"

namespace pupil::cpu {

template <class T>
using MatrixOf = View<const std::type_identity_t<T>>;

template <class T>
void matmul(View<T> out, MatrixOf<T> a, bool trans_a, MatrixOf<T> b, bool trans_b,
            std::type_identity_t<T> alpha = 1, std::type_identity_t<T> beta = 0);

/// `batch` products of one shape. The views are the first product's; the next product's matrices
/// begin out_step, a_step and b_step elements further. A step of 0 uses the same a or b for all.
template <class T>
void batched_matmul(std::int64_t batch, View<T> out, std::int64_t out_step, MatrixOf<T> a,
                    std::int64_t a_step, bool trans_a, MatrixOf<T> b, std::int64_t b_step,
                    bool trans_b, std::type_identity_t<T> alpha = 1,
                    std::type_identity_t<T> beta = 0);

/// What computes the products and with which kernels: "OpenBLAS 0.3.21 SkylakeX".
const char* matmul_backend();

}  // namespace pupil::cpu
