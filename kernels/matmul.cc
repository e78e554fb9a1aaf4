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

constexpr std::int64_t kTileFlops = 4'000'000;  // a few tens of microseconds of one core
constexpr std::int64_t kMostTiles = 64;
constexpr std::int64_t kShortestSide = 48;  // of a tile: below, packing costs as much as it saves
constexpr std::int64_t kAlign = 16;         // borders fall on whole vectors

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

void gemv(const View<const float>& m, bool trans, const float* x, std::int64_t x_step, float* y,
          std::int64_t y_step, float alpha, float beta) {
  cblas_sgemv(CblasRowMajor, trans ? CblasTrans : CblasNoTrans, m.rows, m.width, alpha, m.data,
              m.stride, x, x_step, beta, y, y_step);
}

void gemv(const View<const double>& m, bool trans, const double* x, std::int64_t x_step, double* y,
          std::int64_t y_step, double alpha, double beta) {
  cblas_dgemv(CblasRowMajor, trans ? CblasTrans : CblasNoTrans, m.rows, m.width, alpha, m.data,
              m.stride, x, x_step, beta, y, y_step);
}

struct Grid {
  std::int64_t rows_each, columns_each;  // of a tile
  std::int64_t down, across;             // tiles
};

// Halves the longer side of the tile while both halves stay worth a call. Powers of two: equal
// shares for the usual numbers of cores.
Grid grid_of(std::int64_t rows, std::int64_t columns, std::int64_t inner) {
  std::int64_t down = 1, across = 1;
  const double flops = 2.0 * rows * columns * inner;
  while (down * across < kMostTiles && flops / (down * across) >= 2.0 * kTileFlops) {
    const std::int64_t height = rows / down, width = columns / across;
    if (std::max(height, width) < 2 * kShortestSide) break;
    (height >= width ? down : across) *= 2;
  }
  const auto each = [](std::int64_t length, std::int64_t parts) {
    const std::int64_t share = (length + parts - 1) / parts;
    return parts == 1 ? length : (share + kAlign - 1) / kAlign * kAlign;
  };
  Grid grid{each(rows, down), each(columns, across), 0, 0};
  grid.down = (rows + grid.rows_each - 1) / grid.rows_each;
  grid.across = (columns + grid.columns_each - 1) / grid.columns_each;
  return grid;
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
  if (p.inner() == 0) {
    scale(part.out, p.beta);
  } else if (p.out.rows == 1) {  // out^T = op(b)^T a^T
    gemv(part.b, !p.trans_b, p.a.data, p.trans_a ? p.a.stride : 1, part.out.data, 1, p.alpha,
         p.beta);
  } else if (p.out.width == 1) {
    gemv(part.a, p.trans_a, p.b.data, p.trans_b ? 1 : p.b.stride, part.out.data, p.out.stride,
         p.alpha, p.beta);
  } else {
    gemm(part);
  }
}

template <class T>
bool empty(const View<T>& x) {
  return x.rows == 0 || x.width == 0;
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
  if (empty(out)) return;
  prepare_blas();
  const Product<T> first{out, a, trans_a, b, trans_b, alpha, beta};
  const Grid grid = grid_of(out.rows, out.width, first.inner());
  const std::int64_t tiles = grid.down * grid.across;
  parallel_for(batch * tiles, [&](std::int64_t i) {
    Product<T> p = first;
    p.out.data += i / tiles * out_step;
    p.a.data += i / tiles * a_step;
    p.b.data += i / tiles * b_step;
    run_tile(p, grid, i % tiles);
  });
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
