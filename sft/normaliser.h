// The normaliser: what the sum of losses over one optimizer step is divided by. All four are in use
// in the field; mixing them silently across micro-batches is its most frequent bug.
//
//   tokens      sum / supervised tokens of the whole step                      (the default)
//   examples    sum / records of the whole step, those without a target included
//   microbatch  mean over micro-batches of (sum / tokens); one without a target counts as 0
//   constant:K  sum / (K * records)
//
// Where tokens have weights, "sum" is the sum of weight times loss and "tokens" the sum of the
// weights: a weighted mean, which twice the weights everywhere leave as it is. Records count 1.
//
// This is the only place where a loss is divided.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "sft/batch.h"

namespace pupil {

struct Normaliser {
  enum class Kind { kTokens, kExamples, kMicrobatch, kConstant };
  Kind kind = Kind::kTokens;
  double constant = 1;

  /// "tokens", "examples", "microbatch" or "constant:K"; throws UsageError naming the choices.
  static Normaliser parse(const std::string& text);
  std::string str() const;

  /// The factor of the loss sum of micro-batch `index` among all micro-batches of a step; 0 where
  /// there is nothing to divide by, so that a step without targets has loss 0 and gradients 0.
  double factor(std::span<const Batch> step, std::size_t index) const;
};

}  // namespace pupil
