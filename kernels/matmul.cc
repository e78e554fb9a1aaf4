// A product is cut into equal tiles of its output, so that each is worth a thread's while and none
// so thin that BLAS spends its time packing; a tile is one BLAS call.
#include "kernels/matmul.h"

#include <cblas.h>

#include <algorithm>
#include <string>

#include "kernels/blas_core.h"
#include "kernels/parallel.h"

namespace pupil::cpu {
namespace {

constexpr double kTileFlops = 6e6;  // at least: some tens of microseconds of one core
constexpr std::int64_t kMostTiles = 64;
constexpr std::int64_t kAlign = 16;            // borders fall on whole vectors
constexpr std::int64_t kVectorTile = 1 << 16;  // numbers of the matrix in a matrix-vector tile
constexpr std::int64_t kOwnCache = 1 << 18;    // numbers that stay in a core's own cache

template <class T>
struct Product {
  View<T> out;
  MatrixOf<T> a;
  bool trans_a;
  MatrixOf<T> b;
  bool trans_b;
  T alpha, beta;

  std::int64_t inner() const { return trans_a ? a.rows : a.width; }
};

void gemm(const Product<float>& p) {
  cblas_sgemm(CblasRowMajor, p.trans_a ? CblasTrans : CblasNoTrans,
              p.trans_b ? CblasTrans : CblasNoTrans, p.out.rows, p.out.width, p.inner(), p.alpha,
              p.a.data, p.a.stride, p.b.data, p.b.stride, p.beta, p.out.data, p.out.stride);
}

void gemm(const Product<double>& p) {
  cblas_dgemm(CblasRowMajor, p.trans_a ? CblasTrans : CblasNoTrans,
              p.trans_b ? CblasTrans : CblasNoTrans, p.out.rows, p.out.width, p.inner(), p.alpha,
              p.a.data, p.a.stride, p.b.data, p.b.stride, p.beta, p.out.data, p.out.stride);
}

void gemv(View<const float> m, bool trans, const float* x, std::int64_t x_step, float* y,
          std::int64_t y_step, float alpha, float beta) {
  cblas_sgemv(CblasRowMajor, trans ? CblasTrans : CblasNoTrans, m.rows, m.width, alpha, m.data,
              m.stride, x, x_step, beta, y, y_step);
}

void gemv(View<const double> m, bool trans, const double* x, std::int64_t x_step, double* y,
          std::int64_t y_step, double alpha, double beta) {
  cblas_dgemv(CblasRowMajor, trans ? CblasTrans : CblasNoTrans, m.rows, m.width, alpha, m.data,
              m.stride, x, x_step, beta, y, y_step);
}

float dot(std::int64_t n, const float* x, const float* y, std::int64_t y_step) {
  return cblas_sdot(n, x, 1, y, y_step);
}

double dot(std::int64_t n, const double* x, const double* y, std::int64_t y_step) {
  return cblas_ddot(n, x, 1, y, y_step);
}

struct Grid {
  std::int64_t rows_each, columns_each;  // of a tile
  std::int64_t down, across;             // tiles
};

std::int64_t round_up(std::int64_t n, std::int64_t step) { return (n + step - 1) / step * step; }

// The larger part of a side cut into two; borders on whole vectors.
std::int64_t half(std::int64_t side) { return round_up((side + 1) / 2, kAlign); }

// BLAS packs its operands, K (h + w) numbers for the K h w multiplications of an h x w tile: per
// multiplication and K that is 1/h + 1/w. Cutting the output repeats some of the packing; we cut
// while the repetition stays small, and ask for less of it the more tiles there already are,
// because then another cut serves only machines with many cores.
bool worth_cutting(std::int64_t tiles, double height, double width, double unavoidable) {
  const double repeated = 1 / height + 1 / width - unavoidable;
  return repeated <= std::max(1.0 / (12 * tiles), 1.0 / 192);
}

// The longer side is halved again and again: powers of two are equal shares for the usual
// numbers of cores.
Grid grid_of(std::int64_t rows, std::int64_t columns, std::int64_t inner) {
  std::int64_t height = rows, width = columns;
  const double unavoidable = 1.0 / rows + 1.0 / columns;
  for (std::int64_t tiles = 2; tiles <= kMostTiles; tiles *= 2) {
    const bool lengthwise = height >= width;
    const std::int64_t h = lengthwise ? half(height) : height;
    const std::int64_t w = lengthwise ? width : half(width);
    if (2.0 * h * w * inner < kTileFlops || !worth_cutting(tiles, h, w, unavoidable)) break;
    height = h;
    width = w;
  }
  return {height, width, (rows + height - 1) / height, (columns + width - 1) / width};
}

// For a matrix times a vector of `inner` numbers. If each number of the result needs a column of
// the matrix (`by_columns`), a tile takes short pieces of all rows; they must not be too short.
std::int64_t vector_tile(std::int64_t length, std::int64_t inner, bool by_columns) {
  const std::int64_t shortest = by_columns ? 384 : kAlign;
  std::int64_t each = length;
  for (std::int64_t tiles = 2; tiles <= kMostTiles; tiles *= 2) {
    if (half(each) < shortest || half(each) * inner < kVectorTile) break;
    each = half(each);
  }
  return each;
}

// Rows [begin, begin + count) of op(x), or its columns.
template <class T>
View<T> rows_of(View<T> x, bool trans, std::int64_t begin, std::int64_t count) {
  return trans ? View<T>{x.data + begin, x.rows, count, x.stride}
               : View<T>{x.row(begin), count, x.width, x.stride};
}

template <class T>
View<T> columns_of(View<T> x, bool trans, std::int64_t begin, std::int64_t count) {
  return rows_of(x, !trans, begin, count);
}

template <class T>
void scale(View<T> out, T beta) {
  for (std::int64_t i = 0; i < out.rows; ++i) {
    for (std::int64_t j = 0; j < out.width; ++j) {
      out.row(i)[j] = beta == 0 ? T{0} : beta * out.row(i)[j];
    }
  }
}

template <class T>
void run_tile(const Product<T>& p, const Grid& grid, std::int64_t tile) {
  const std::int64_t top = tile / grid.across * grid.rows_each;
  const std::int64_t left = tile % grid.across * grid.columns_each;
  const std::int64_t height = std::min(grid.rows_each, p.out.rows - top);
  const std::int64_t width = std::min(grid.columns_each, p.out.width - left);
  Product<T> part = p;
  part.out = {p.out.row(top) + left, height, width, p.out.stride};
  part.a = rows_of(p.a, p.trans_a, top, height);
  part.b = columns_of(p.b, p.trans_b, left, width);
  gemm(part);
}

// y = alpha op(m) x + beta y for one matrix and one vector: every number of m is used once, so that
// memory sets the pace.
template <class T>
struct VectorProduct {
  View<T> y;  // a column: one number a row
  View<const T> m;
  bool trans;
  const T* x;
  std::int64_t x_step;
  T alpha, beta;

  std::int64_t inner() const { return trans ? m.rows : m.width; }
};

template <class T>
void run_tile(const VectorProduct<T>& p, std::int64_t each, std::int64_t tile) {
  const std::int64_t begin = tile * each, count = std::min(each, p.y.rows - begin);
  const View<const T> m = rows_of(p.m, p.trans, begin, count);
  T* y = p.y.row(begin);
  if (p.trans || p.m.rows * p.m.width <= kOwnCache) {
    gemv(m, p.trans, p.x, p.x_step, y, p.y.stride, p.alpha, p.beta);
    return;
  }
  // gemv reads four rows at a time, which halves the speed of reading from memory; we read one.
  for (std::int64_t i = 0; i < count; ++i, y += p.y.stride) {
    const T sum = p.alpha * dot(m.width, m.row(i), p.x, p.x_step);
    *y = p.beta == 0 ? sum : sum + p.beta * *y;
  }
}

// A product with one row or one column of output. A row is computed as a column: out^T = op(b)^T
// a^T.
template <class T>
VectorProduct<T> as_vector_product(const Product<T>& p) {
  if (p.out.rows == 1) {
    return {{p.out.data, p.out.width, 1, 1}, p.b,     !p.trans_b, p.a.data,
            p.trans_a ? p.a.stride : 1,      p.alpha, p.beta};
  }
  return {p.out, p.a, p.trans_a, p.b.data, p.trans_b ? 1 : p.b.stride, p.alpha, p.beta};
}

}  // namespace

template <class T>
void matmul(View<T> out, MatrixOf<T> a, bool trans_a, MatrixOf<T> b, bool trans_b,
            std::type_identity_t<T> alpha, std::type_identity_t<T> beta) {
  batched_matmul<T>(1, out, 0, a, 0, trans_a, b, 0, trans_b, alpha, beta);
}

template <class T>
void batched_matmul(std::int64_t batch, View<T> out, std::int64_t out_step, MatrixOf<T> a,
                    std::int64_t a_step, bool trans_a, MatrixOf<T> b, std::int64_t b_step,
                    bool trans_b, std::type_identity_t<T> alpha, std::type_identity_t<T> beta) {
  if (out.rows == 0 || out.width == 0) return;
  prepare_blas();
  const Product<T> first{out, a, trans_a, b, trans_b, alpha, beta};
  const auto product = [&](std::int64_t i) {
    Product<T> p = first;
    p.out.data += i * out_step;
    p.a.data += i * a_step;
    p.b.data += i * b_step;
    return p;
  };
  if (first.inner() == 0) {
    parallel_for(batch, [&](std::int64_t i) { scale(product(i).out, beta); });
  } else if (out.rows == 1 || out.width == 1) {
    const VectorProduct<T> v = as_vector_product(first);
    const std::int64_t each = vector_tile(v.y.rows, v.inner(), v.trans);
    const std::int64_t tiles = (v.y.rows + each - 1) / each;
    parallel_for(batch * tiles, [&](std::int64_t i) {
      run_tile(as_vector_product(product(i / tiles)), each, i % tiles);
    });
  } else {
    const Grid grid = grid_of(out.rows, out.width, first.inner());
    const std::int64_t tiles = grid.down * grid.across;
    parallel_for(batch * tiles,
                 [&](std::int64_t i) { run_tile(product(i / tiles), grid, i % tiles); });
  }
}

const char* matmul_backend() {
  static const std::string name = [] {
    std::string config = openblas_get_config();  // "OpenBLAS 0.3.21 NO_LAPACKE ..."
    config.resize(std::min(config.find(' ', config.find(' ') + 1), config.size()));
    return config + " " + std::string(blas_core_name());
  }();
  return name.c_str();
}

template void matmul<float>(View<float>, MatrixOf<float>, bool, MatrixOf<float>, bool, float,
                            float);
template void matmul<double>(View<double>, MatrixOf<double>, bool, MatrixOf<double>, bool, double,
                             double);
template void batched_matmul<float>(std::int64_t, View<float>, std::int64_t, MatrixOf<float>,
                                    std::int64_t, bool, MatrixOf<float>, std::int64_t, bool, float,
                                    float);
template void batched_matmul<double>(std::int64_t, View<double>, std::int64_t, MatrixOf<double>,
                                     std::int64_t, bool, MatrixOf<double>, std::int64_t, bool,
                                     double, double);

}  // namespace pupil::cpu
