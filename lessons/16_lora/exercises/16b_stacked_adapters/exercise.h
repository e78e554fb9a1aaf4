// 16b: several adapters that stand on one weight, with the scale of rsLoRA (Kalajdzievski 2023,
// "A rank stabilization scaling factor for fine-tuning with LoRA"):
//
//   W'  =  W + sum_j gamma_j B_j A_j             gamma_j = alpha_j / sqrt(r_j)
//
//   W          out x in, as PyTorch's Linear stores it
//   A_j, B_j   r_j x in, out x r_j; adapter j has a rank r_j and an alpha_j of its own
//
// All A_j lie in one array, one below the other; all B_j in one, side by side:
//
//   a  =  [A_0; A_1; ...]    R x in            b  =  [B_0 B_1 ...]    out x R       R = sum_j r_j
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace exercise {

struct Adapters {
  pupil::View<const double> a, b;
  const std::int32_t* ranks;
  const double* alphas;
  std::int32_t count;
};

double scale_of(const Adapters& adapters, std::int32_t j);

/// W becomes W': every adapter is folded in.
void merge(pupil::View<double> w, const Adapters& adapters);

/// Takes adapter j out of a W that holds all of them; the others stay.
void unmerge(pupil::View<double> w, const Adapters& adapters, std::int32_t j);

}  // namespace exercise
