// The model as it was when the run began, for penalties that keep training near it: a copy of the
// trainable parameters, and nothing of what is frozen. A resumed run takes the copy from the model
// it was started from, before the saved state is read.
#pragma once
#include "nn/arena.h"
#include "nn/gpt.h"

namespace pupil {

class StartModel {
 public:
  /// Copies the arena's values as they are now.
  explicit StartModel(const ParameterArena& arena);

  struct Outputs {
    Tensor hidden;  ///< (B, T, C)
    Tensor head;    ///< (V, C)
  };
  /// What `gpt`, the model whose parameters the arena holds, gave at the start: without dropout,
  /// without a tape. The current values are back when it returns or throws.
  Outputs outputs(const Gpt& gpt, const GptInput& input) const;

  /// Adds the gradient of weight |theta - theta_0|^2, that is 2 weight (theta - theta_0), and
  /// returns |theta - theta_0|^2.
  ///
  /// Li, Grandvalet, Davoine 2018 ("Explicit inductive bias for transfer learning with
  /// convolutional networks", L2-SP) write alpha / 2 in front: alpha = 2 weight. Unlike AdamW's
  /// decay this is part of the gradient: it is clipped and scaled by Adam like the rest.
  double add_pull(ParameterArena& arena, double weight) const;

 private:
  std::vector<ParameterArena::Part> parts_;
  Tensor values_;
};

}  // namespace pupil
