// 16c: a frozen table of embeddings in which a few rows train, tied: what turns tokens into vectors
// also scores the next token.
//
//   E'[v] = R[k]  where v = ids[k],  else E[v]        E: V x C, frozen     R: m x C, trains
//   x_t   = E'[tokens_t]                              tokens: T            x: T x C
//   z_t   = E' h_t                                    h: T x C             z: T x V, logits
//
// So a row of R is used where its token stands in the text, and once more for every position: as a
// rival in the scores.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace exercise {

struct Table {
  pupil::View<const double> frozen;  ///< E
  pupil::View<const double> rows;    ///< R
  const std::int32_t* ids;           ///< m of them, all different
};

/// Writes x and z.
void tied(pupil::View<double> x, pupil::View<double> z, const Table& table,
          const std::int32_t* tokens, pupil::View<const double> h);

/// drows and dh: the gradients of R and h when dx and dz arrive. E gets none, and no array of its
/// size is needed for drows.
void tied_backward(pupil::View<double> drows, pupil::View<double> dh, const Table& table,
                   const std::int32_t* tokens, pupil::View<const double> h,
                   pupil::View<const double> dx, pupil::View<const double> dz);

}  // namespace exercise
