// 08c: a text may end in two ways: the template's end of a turn (e_0) and the tokenizer's end of
// text (e_1). Either stops a row; which one it was is reported.
//
// How probable is it that a row runs on? With q_t = p_t[e_0] + p_t[e_1], p_t = softmax(z_t):
//
//   S     = prod_t (1 - q_t)                    probability that none of T tokens is an end
//   log S = sum_t log(1 - q_t)                  z: T x V
//
//   d log S / dz_t[v]  =  -p_t[v]               for the two ends
//                         p_t[v] q_t / (1 - q_t)   for every other v
//
// A trained model has q_t = 1 - 1e-12 where the end is due; 1 - q_t computed as a difference is
// then rounding, and at 1 - 1e-17 its log is infinite. 1 - q_t is also the sum of all others.
#pragma once
#include <cstdint>

#include "kernels/view.h"

namespace exercise {

/// Why a row ended.
enum Reason : std::int32_t { kLength = 0, kEnd0 = 1, kEnd1 = 2 };

/// How many of the `count` ids belong to the answer: up to the first end, which is counted as a
/// part of it; all, where there is none. Writes the reason.
std::int32_t cut(const std::int32_t* ids, std::int32_t count, std::int32_t e0, std::int32_t e1,
                 std::int32_t* reason);

/// log S.
double log_runs_on(pupil::View<const double> z, std::int32_t e0, std::int32_t e1);

/// dz = dlog_s * d log S / dz.
void log_runs_on_backward(pupil::View<double> dz, pupil::View<const double> z, std::int32_t e0,
                          std::int32_t e1, double dlog_s);

}  // namespace exercise
