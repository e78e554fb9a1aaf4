// ParameterArena: all trainable parameters in one flat array, their gradients in another of the
// same layout. An optimizer step, clipping and zeroing are then one pass over memory, and weight
// gradients are written where the optimizer reads them.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "nn/module.h"

namespace pupil {

class ParameterArena {
 public:
  struct Part {
    std::string name;
    std::int64_t begin, end;  ///< its elements in values() and grads(); begins are 64-byte aligned
    bool decay;               ///< takes part in weight decay
    Variable variable;
  };

  /// Moves the values of `trainable` into the arena and lets their gradients arrive here. With
  /// decay_all false only parameters of two or more axes decay (cli.md: AdamW). Those that decay
  /// stand first, so that each kind is one range.
  ParameterArena(const std::vector<NamedParameter>& trainable, bool decay_all = false);

  const Tensor& values() const { return values_; }
  const Tensor& grads() const { return grads_; }
  const std::vector<Part>& parts() const { return parts_; }
  std::int64_t decay_end() const {
    return decay_end_;
  }                                      ///< [0, decay_end) decays, the rest does not
  std::int64_t trainable_count() const;  ///< numbers, padding apart

  /// Forgets all gradients. Costs nothing: the next contribution is written, not added.
  void zero_grad();
  /// Writes zeros for parameters that no gradient has reached, so that grads() is complete.
  void complete_grads();
  /// The norm over all gradients. Throws GradientError naming the parameter when one is NaN or Inf.
  double grad_norm();
  /// Throws GradientError naming the first parameter that holds NaN or Inf.
  void expect_finite_values() const;

 private:
  Tensor values_, grads_;
  std::vector<Part> parts_;
  std::int64_t decay_end_ = 0;
};

}  // namespace pupil
