// Optimizers over a ParameterArena. They see Tensors only, so they cannot record history.
#pragma once
#include <cstdint>

#include "nn/arena.h"

namespace pupil {

/// AdamW (Loshchilov and Hutter 2019): decoupled decay, bias correction, eps outside the root.
struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
};

class AdamW {
 public:
  AdamW(ParameterArena& arena, const AdamWOptions& options);
  /// One step with gradients multiplied by grad_scale (clipping). Bumps the arena's version.
  void step(double lr, double grad_scale = 1);

  /// What resuming needs: first and second moments in the arena's layout, and the steps done.
  Tensor m, v;
  std::int64_t steps = 0;

 private:
  ParameterArena* arena_;
  AdamWOptions options_;
};

/// SGD: g + wd p; buffer = first g, then momentum buffer + g; Nesterov uses g + momentum buffer.
struct SgdOptions {
  double momentum = 0, weight_decay = 0;
  bool nesterov = false;
};

class Sgd {
 public:
  Sgd(ParameterArena& arena, const SgdOptions& options);
  void step(double lr, double grad_scale = 1);

  Tensor buffer;
  std::int64_t steps = 0;

 private:
  ParameterArena* arena_;
  SgdOptions options_;
};

/// The factor that clips a gradient of norm `norm` to `limit`: min(1, limit / (norm + 1e-6));
/// 1 when limit <= 0.
double clip_scale(double norm, double limit);

}  // namespace pupil
