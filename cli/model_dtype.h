// --dtype as the engine's type.
#pragma once
#include "cli/options.h"
#include "tensor/tensor.h"

namespace pupil::cli {

inline DType model_dtype(const Common& common) {
  return common.dtype == "f64" ? DType::kFloat64 : DType::kFloat32;
}

}  // namespace pupil::cli
