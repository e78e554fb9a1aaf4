// Staying near the model that the run began with, measured where it matters: in its predictions.
//
//   KL_t = sum_v p0_t(v) (log p0_t(v) - log p_t(v))     p0: the start's next-token distribution
//                                                       p: that of the model in training
//   d KL_t / d logits_t = p_t - p0_t
//
// This is the loss of distilling the old model into the new one (Kullback and Leibler 1951; Li and
// Hoiem 2016, "Learning without Forgetting", with temperature 1): where the start was sure, the new
// model has to stay sure. In nats a supervised token; positions, weights and normaliser are those
// of the cross-entropy beside it. NB: the penalty of PPO is the other direction, KL(p || p0),
// estimated from sampled tokens; here the sum over the vocabulary is exact.
#pragma once
#include "sft/batch.h"
#include "sft/start_model.h"

namespace pupil {

/// sum_t w_t KL_t over the supervised positions of `batch` -> (). `hidden`: the model's (B, T, C)
/// for it, `start` the start's. Logits exist for a few rows at a time, forward and backward.
Variable kl_to_start(const Gpt& gpt, const Variable& hidden, const Batch& batch,
                     const StartModel::Outputs& start);

}  // namespace pupil
