// The composed twins: what each fused operation means, written with simpler operations. Tests
// compare the two, values and gradients; no program uses them.
#pragma once
#include "autograd/operations.h"

namespace pupil::reference {

Variable causal_attention(const Variable& qkv, Heads heads, const Tensor& segments = {});
Variable embedding(const Variable& weight, const Tensor& ids);
Variable gather_logprob(const Variable& logits, const Tensor& targets);
Variable layer_norm(const Variable& x, const Variable& weight, const Variable& bias, double eps);
Variable linear_cross_entropy(const Variable& x, const Variable& weight, const Tensor& targets,
                              double label_smoothing, const Tensor& weights);
Variable log_softmax(const Variable& x);
Variable logsumexp(const Variable& x);
Variable masked_cross_entropy(const Variable& logits, const Tensor& targets,
                              double label_smoothing);
Variable rms_norm(const Variable& x, const Variable& weight, double eps);
Variable rope(const Variable& x, std::int64_t first_position, double theta, RopeForm form);
Variable softmax(const Variable& x);
Variable variance(const Variable& x, int axis);
Variable weighted_cross_entropy(const Variable& logits, const Tensor& targets,
                                const Tensor& weights, double label_smoothing);

}  // namespace pupil::reference
