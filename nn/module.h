// Modules: parameters with names, and how they act on a Variable. Shapes: x is (B, T, C).
//
// Weights lie as GPT-2's files have them, (in, out), so that y = x W + b reads as in a textbook and
// a file needs no transposition. Names are those of Hugging Face's GPT-2.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "autograd/operations.h"
#include "autograd/variable.h"
#include "tensor/quantise.h"

namespace pupil {

/// A parameter as it is seen from outside: its full name and the variable, which may be replaced.
struct NamedParameter {
  std::string name;  ///< "transformer.h.0.attn.c_attn.weight"
  Variable* variable;
};

/// What a forward pass has to know besides its input: whether dropout is on, and its random
/// numbers. Each use of dropout in a pass draws from a stream of its own, in the order of use.
struct Pass {
  bool training = false;
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;  ///< first stream of this pass; counts up

  Variable dropout(const Variable& x, double p);
};

/// A low-rank addition to a linear map (Hu et al. 2021): y += scale * (drop(x) A^T) B^T. With a
/// magnitude m it is DoRA (Liu et al. 2024, eq. 5): the columns of the sum get the lengths m,
///   y = (x W + scale (x A^T) B^T) m / n + bias,   n_o = |column o of W + scale (B A)^T|
/// where gradients take n as a constant (their section 4.3).
struct Lora {
  Variable a;          ///< (rank, in)
  Variable b;          ///< (out, rank)
  Variable magnitude;  ///< (out), or undefined: plain LoRA
  double scale = 1;
  double dropout = 0;
  Tensor norms;            ///< n where it is held (sft/lora.h: settle_lora), else undefined
  bool is_merged = false;  ///< the linear map's weight contains the adapter
  Variable unmerged;       ///< the weight as it was, while it does
};

/// y = x W + b (+ a low-rank adapter).
struct Linear {
  std::string name;  ///< "transformer.h.0.attn.c_attn"
  Variable weight;   ///< (in, out); undefined while `quantised` holds it
  Variable bias;     ///< (out) or undefined
  std::shared_ptr<Lora> lora{};
  std::shared_ptr<const QuantisedMatrix> quantised{};

  std::int64_t in() const;
  std::int64_t out() const;
  /// The numbers that W stands for, dequantised if need be: (in, out).
  Tensor weight_values(DType dtype) const;
  Variable operator()(const Variable& x, Pass& pass) const;
  /// The same without the bias, for whoever fuses it with what follows.
  Variable without_bias(const Variable& x, Pass& pass) const;

 private:
  Variable base(const Variable& x, const Variable& added) const;
  Variable adapted(const Variable& x, const Variable& added, Pass& pass) const;
};

/// n of DoRA: the lengths of the columns of W + scale (B A)^T, (out).
Tensor column_norms(const Linear& linear);

enum class NormKind { kLayer, kRms };

/// Layer norm or rms norm over the last axis.
struct Norm {
  NormKind kind = NormKind::kLayer;
  double eps = 1e-5;
  Variable weight;  ///< (C)
  Variable bias;    ///< (C) or undefined

  Variable operator()(const Variable& x) const;
};

}  // namespace pupil
