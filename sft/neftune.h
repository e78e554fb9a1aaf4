// NEFTune: noise on the token embeddings during training (Jain et al. 2023, "NEFTune: Noisy
// embeddings improve instruction finetuning", algorithm 1).
//
//   x_t = wte[id_t] + alpha / sqrt(L d) u,   u uniform in [-1, 1) for each of the d columns
//
// L is the length of the record that position t belongs to. NB: transformers takes the length of
// the padded row, so that a record's noise depends on its neighbours in the batch; here neither
// padding nor packing changes it. Evaluation and generation have none.
#pragma once
#include <cstdint>

#include "sft/batch.h"

namespace pupil {

/// Where a step's noise comes from: all numbers are functions of these three.
struct NoisePlace {
  std::uint64_t seed = 0;
  std::int64_t step = 0;    ///< from 0
  std::int64_t record = 0;  ///< of the step, from 0: the first one of the batch
};

/// The noise of a batch, (B, T, width): 0 where there is padding. Records are counted along the
/// rows, so that a step has the same noise however it is cut into micro-batches.
Tensor neftune_noise(const Batch& batch, std::int64_t width, double alpha, NoisePlace place,
                     DType dtype);

}  // namespace pupil
