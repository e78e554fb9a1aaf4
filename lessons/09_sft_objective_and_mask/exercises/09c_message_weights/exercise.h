// 09c: how much is each message worth? A conversation is a list of messages; the template writes
// each as header tokens, content tokens and one end token, one message behind the other:
//
//   token     <bos> <user> hi you <end>   <asst> hello <end>
//   message   header 2, content 2         header 1, content 1
//
// A message has a weight: 1 for what the model is to write, 0 for what it only reads, anything
// between for what it learns a little. Content and end token share it evenly, so that a long
// message counts no more than a short one; headers are the template's and get nothing. Row t of the
// logits predicts token t + 1:
//
//   w_t = weight / (content + 1) of the message of token t + 1, 0 if that is a header or does not
//         exist
//   y_t = token t + 1
//   L   = sum_t w_t (-log p_t[y_t]) / sum_t w_t             p_t = softmax(z_t), z: T x V
//
// No weight at all: L = 0, gradient 0.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace exercise {

inline constexpr std::int32_t kIgnore = -100;

struct Message {
  std::int64_t header, content;  ///< how many tokens; the end token comes on top
  double weight;
};

/// Writes y_t and w_t for the T tokens of all messages (at least one); where w_t = 0, y_t is
/// kIgnore.
void weighted_targets(std::int32_t* targets, double* weights, const std::int32_t* ids,
                      const Message* messages, std::int64_t count);

/// L. Rows whose target is kIgnore have weight 0.
double weighted_loss(pupil::View<const double> logits, const std::int32_t* targets,
                     const double* weights);

/// dlogits = dloss * dL / d logits; rows of weight 0 are exactly 0.
void weighted_loss_backward(pupil::View<double> dlogits, pupil::View<const double> logits,
                            const std::int32_t* targets, const double* weights, double dloss);

}  // namespace exercise
