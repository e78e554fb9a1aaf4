// All differentiable operations. Each is one function in autograd/ops/<file>.cc: check, forward,
// gradient rule, samples. "x: (B, T, C)" gives shapes; rows are the last axis; every operation
// works in f32 and f64 and throws ShapeError, DTypeError or IndexError with its name in front.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "autograd/variable.h"

namespace pupil {

struct OpSample;
struct QuantisedMatrix;

// ---- products -----------------------------------------------------------------------------------

enum class Trans { kNo, kYes };
/// op(a) op(b), op = transpose or not. Ranks: 2 x 2; batched: equal leading axes; (..., K) x (K,
/// N).
Variable matmul(const Variable& a, const Variable& b, Trans trans_a = Trans::kNo,
                Trans trans_b = Trans::kNo);
/// How a weight lies in memory: kOutIn (out, in) as PyTorch's Linear, kInOut (in, out) as GPT-2
/// files.
enum class WeightLayout { kOutIn, kInOut };
/// x W^T + bias. x: (..., in), weight by layout, bias: (out) or undefined -> (..., out).
Variable linear(const Variable& x, const Variable& weight, const Variable& bias = {},
                WeightLayout layout = WeightLayout::kOutIn);
/// x W + bias with a frozen W in 4 or 8 bits (tensor/quantise.h). bias: (out) or undefined.
Variable quantised_linear(const Variable& x, const QuantisedMatrix& weight, const Variable& bias);

// ---- elementwise; two operands broadcast as in NumPy
// -----------------------------------------------

Variable add(const Variable& a, const Variable& b);
Variable sub(const Variable& a, const Variable& b);
Variable mul(const Variable& a, const Variable& b);
Variable div(const Variable& a, const Variable& b);
Variable minimum(const Variable& a, const Variable& b);  ///< a tie gives half the gradient to each
Variable maximum(const Variable& a, const Variable& b);  ///< a tie gives half the gradient to each
Variable neg(const Variable& x);
Variable scale(const Variable& x, double factor);
Variable exp(const Variable& x);
Variable log(const Variable& x);
Variable sqrt(const Variable& x);
Variable square(const Variable& x);
Variable abs(const Variable& x);  ///< derivative 0 at 0
Variable tanh(const Variable& x);
Variable sigmoid(const Variable& x);
Variable log_sigmoid(const Variable& x);
Variable softplus(const Variable& x);
Variable relu(const Variable& x);       ///< derivative 0 at 0
Variable gelu_tanh(const Variable& x);  ///< Hendrycks and Gimpel 2016, the tanh form of GPT-2
Variable gelu_erf(const Variable& x);   ///< x Phi(x)
Variable silu(const Variable& x);
/// silu(gate) * up (Shazeer 2020, GLU variants).
Variable swiglu(const Variable& gate, const Variable& up);
/// gelu_tanh(x + bias), fused. x: (..., C), bias: (C).
Variable bias_gelu(const Variable& x, const Variable& bias);
Variable clamp(const Variable& x, double low, double high);  ///< derivative 1 on the borders
/// condition (i32, 0 or not) ? a : b, all of one shape.
Variable where(const Tensor& condition, const Variable& a, const Variable& b);
/// x * keep / (1 - p), keep from a counter-based generator: the same (seed, stream) gives the same
/// mask.
Variable dropout(const Variable& x, double p, std::uint64_t seed, std::uint64_t stream);
/// The same with a mask given: keep is 0 or 1 in the element type of x.
Variable dropout(const Variable& x, double p, const Tensor& keep);

// ---- rows and reductions
// -------------------------------------------------------------------------

Variable softmax(const Variable& x);      ///< over the last axis
Variable log_softmax(const Variable& x);  ///< over the last axis
Variable logsumexp(const Variable& x);    ///< over the last axis, which disappears
Variable sum(const Variable& x, int axis);
Variable sum(const Variable& x);  ///< of all elements -> ()
Variable mean(const Variable& x, int axis);
Variable mean(const Variable& x);
Variable max(const Variable& x, int axis);       ///< gradient to the first largest
Variable variance(const Variable& x, int axis);  ///< biased: divided by n

// ---- shapes
// ----------------------------------------------------------------------------------------

Variable broadcast_to(const Variable& x, const Shape& shape);
Variable sum_to(const Variable& x, const Shape& shape);  ///< the transpose of broadcast_to
Variable reshape(const Variable& x, const Shape& shape);
Variable permute(const Variable& x, std::span<const int> axes);
Variable concat(std::span<const Variable> parts, int axis);
std::vector<Variable> split(const Variable& x, std::span<const std::int64_t> sizes, int axis);
Variable rows(const Variable& x, std::int64_t begin, std::int64_t end);  ///< of the outermost axis
/// Rows of x: (N, ...) named by ids: i32 (M) -> (M, ...). Ids may repeat.
Variable gather_rows(const Variable& x, const Tensor& ids);
/// x: (N, C) with row ids[i] replaced by rows[i]; ids: i32 (M), all different; rows: (M, C).
Variable replace_rows(const Variable& x, const Tensor& ids, const Variable& rows);
/// Rows of weight: (V, C) named by ids: i32 (...) -> (..., C).
Variable embedding(const Variable& weight, const Tensor& ids);

// ---- the transformer
// -------------------------------------------------------------------------------

Variable layer_norm(const Variable& x, const Variable& weight, const Variable& bias, double eps);
Variable rms_norm(const Variable& x, const Variable& weight, double eps);

enum class RopeForm { kInterleaved, kHalfSplit };
/// Rotary positions (Su et al. 2021). x: (B, T, H, D); row t is turned by positions[b, t] (i32 (B,
/// T)).
Variable rope(const Variable& x, const Tensor& positions, double theta, RopeForm form);
/// The same with positions first, first + 1, ... in every sequence.
Variable rope(const Variable& x, std::int64_t first_position, double theta, RopeForm form);

/// Heads of an attention: query head h uses key and value head h / (n_head / n_kv_head).
struct Heads {
  std::int64_t n_head;
  std::int64_t n_kv_head;
  std::int64_t head_dim;
};
/// softmax(q k^T / sqrt(head_dim)) v over earlier positions of the same segment.
/// qkv: (B, T, (n_head + 2 n_kv_head) head_dim), packed [q heads | k heads | v heads];
/// segments: i32 (B, T) or undefined -> (B, T, n_head head_dim).
Variable causal_attention(const Variable& qkv, Heads heads, const Tensor& segments = {});

// ---- losses: undivided sums over rows whose target is not kIgnoreIndex
// ---------------------------

inline constexpr std::int32_t kIgnoreIndex = -100;
/// log softmax(logits)[target] a row; 0 where ignored. logits: (..., V), targets: i32 (...) ->
/// (...).
Variable gather_logprob(const Variable& logits, const Tensor& targets);
/// Sum of (1 - e) l + e mean_v(-log p_v), l = -log p_target, e = label_smoothing -> ().
Variable masked_cross_entropy(const Variable& logits, const Tensor& targets,
                              double label_smoothing = 0);
/// Sum of weights * l; weights: (...) get no gradient.
Variable weighted_cross_entropy(const Variable& logits, const Tensor& targets,
                                const Tensor& weights, double label_smoothing = 0);
/// masked_cross_entropy(x weight^T, targets) without ever holding the logits of all rows.
/// x: (..., C), weight: (V, C), weights: (...) or undefined -> ().
Variable linear_cross_entropy(const Variable& x, const Variable& weight, const Tensor& targets,
                              double label_smoothing = 0, const Tensor& weights = {});

// ---- the graph itself
// ------------------------------------------------------------------------------

Variable detach(const Variable& x);  ///< the value, cut off from its history
/// block(inputs), but backward runs the block again instead of keeping what happened inside
/// (activation checkpointing, Chen et al. 2016). Parameters used inside get their gradients, too.
Variable recompute(std::function<Variable(const std::vector<Variable>&)> block,
                   const std::vector<Variable>& inputs);

// ---- the list: every operation above, each with its samples
// ----------------------------------------

// clang-format off
#define PUPIL_OPERATIONS(X) \
  X(matmul) X(linear) X(quantised_linear) \
  X(add) X(sub) X(mul) X(div) X(minimum) X(maximum) X(neg) X(scale) X(exp) X(log) X(sqrt) \
  X(square) X(abs) X(tanh) X(sigmoid) X(log_sigmoid) X(softplus) X(relu) X(gelu_tanh) X(gelu_erf) \
  X(silu) X(swiglu) X(bias_gelu) X(clamp) X(where) X(dropout) \
  X(softmax) X(log_softmax) X(logsumexp) X(sum) X(mean) X(max) X(variance) \
  X(broadcast_to) X(sum_to) X(reshape) X(permute) X(concat) X(split) X(rows) X(gather_rows) \
  X(replace_rows) X(embedding) \
  X(layer_norm) X(rms_norm) X(rope) X(causal_attention) \
  X(gather_logprob) X(masked_cross_entropy) X(weighted_cross_entropy) X(linear_cross_entropy) \
  X(detach) X(recompute)
// clang-format on

#define PUPIL_DECLARE_SAMPLES(op) std::vector<OpSample> samples_##op();
PUPIL_OPERATIONS(PUPIL_DECLARE_SAMPLES)
#undef PUPIL_DECLARE_SAMPLES

struct Operation {
  std::string_view name;
  std::vector<OpSample> (*samples)();
};
/// The list as data, in the order above.
std::span<const Operation> all_operations();

}  // namespace pupil
