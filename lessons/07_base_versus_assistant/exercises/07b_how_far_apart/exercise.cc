// 07b: a divergence that stays finite. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "lessons/kit/not_done.h"

namespace exercise {

// Both distributions of one situation; log_p without its rounding to 0 where p is tiny.
struct Pair {
  std::vector<double> log_p, p, q;
};

static Pair pair_of(const double* z, const std::int32_t* counts, std::int64_t width) {
  Pair pair;
  const double largest = *std::max_element(z, z + width);
  double total = 0;
  for (std::int64_t v = 0; v < width; ++v) total += std::exp(z[v] - largest);
  const double log_total = largest + std::log(total);
  for (std::int64_t v = 0; v < width; ++v) {
    pair.log_p.push_back(z[v] - log_total);
    pair.p.push_back(std::exp(z[v] - log_total));
  }
  // BEGIN SOLUTION people
  //| // From counts to shares.
  //| (void)counts;
  //| not_done("the shares of the people");
  double people = 0;
  for (std::int64_t v = 0; v < width; ++v) people += counts[v];
  for (std::int64_t v = 0; v < width; ++v) pair.q.push_back(counts[v] / people);
  // END SOLUTION
  return pair;
}

// log(p_v / m_v), also where p_v is too small for a double.
static double log_share(const Pair& pair, std::size_t v, double w) {
  // BEGIN SOLUTION share
  //| // Which simple number is it where nobody wanted v?
  //| (void)pair, (void)v, (void)w;
  //| not_done("log(p / m)");
  if (pair.q[v] == 0) return -std::log(w);
  return pair.log_p[v] - std::log(w * pair.p[v] + (1 - w) * pair.q[v]);
  // END SOLUTION
}

void divergences(double* d, pupil::View<const double> logits, const std::int32_t* counts,
                 double w) {
  for (std::int64_t i = 0; i < logits.rows; ++i) {
    const Pair pair = pair_of(logits.row(i), counts + i * logits.width, logits.width);
    // BEGIN SOLUTION value
    //| // Two sums over the tokens.
    //| (void)d, (void)pair, (void)w, (void)log_share;
    //| not_done("the divergence");
    d[i] = 0;
    for (std::size_t v = 0; v < pair.p.size(); ++v) {
      const double q = pair.q[v], m = w * pair.p[v] + (1 - w) * q;
      d[i] += w * pair.p[v] * log_share(pair, v, w);
      if (q > 0) d[i] += (1 - w) * q * std::log(q / m);
    }
    // END SOLUTION
  }
}

void divergences_backward(pupil::View<double> dlogits, pupil::View<const double> logits,
                          const std::int32_t* counts, double w, const double* dd) {
  for (std::int64_t i = 0; i < logits.rows; ++i) {
    const Pair pair = pair_of(logits.row(i), counts + i * logits.width, logits.width);
    double* dz = dlogits.row(i);
    // BEGIN SOLUTION gradient
    //| // First dD/dp_v, then from p to z. Much of it cancels.
    //| (void)dz, (void)pair, (void)w, (void)dd;
    //| not_done("the gradient of a situation");
    double mean = 0;
    for (std::size_t v = 0; v < pair.p.size(); ++v) mean += pair.p[v] * log_share(pair, v, w);
    for (std::size_t v = 0; v < pair.p.size(); ++v) {
      dz[v] = dd[i] * w * pair.p[v] * (log_share(pair, v, w) - mean);
    }
    // END SOLUTION
  }
}

// BEGIN MUTANT counts-as-they-are of=people fails=value
//! You used the counts themselves; q is the share of the people who wanted a token.
//~ for (std::int64_t v = 0; v < width; ++v) pair.q.push_back(counts[v]);
// END MUTANT

// BEGIN MUTANT counts-smoothed of=people fails=unseen
//! You added 1 to every count. What nobody wanted has q = 0 here, and D needs no smoothing.
//~ double people = 0;
//~ for (std::int64_t v = 0; v < width; ++v) people += counts[v] ? counts[v] : 1;
//~ for (std::int64_t v = 0; v < width; ++v) pair.q.push_back((counts[v] ? counts[v] : 1) / people);
// END MUTANT

// BEGIN MUTANT shares-exchanged of=value fails=value
//! w and 1 - w are exchanged outside the logarithms: w belongs to the model.
//~ d[i] = 0;
//~ for (std::size_t v = 0; v < pair.p.size(); ++v) {
//~   const double q = pair.q[v], m = w * pair.p[v] + (1 - w) * q;
//~   d[i] += (1 - w) * pair.p[v] * log_share(pair, v, w);
//~   if (q > 0) d[i] += w * q * std::log(q / m);
//~ }
// END MUTANT

// BEGIN MUTANT one-side of=value fails=value
//! You compared the model with the mixture, and left out how far the people are from it.
//~ d[i] = 0;
//~ for (std::size_t v = 0; v < pair.p.size(); ++v) d[i] += w * pair.p[v] * log_share(pair, v, w);
// END MUTANT

// BEGIN MUTANT plain-divergence of=value fails=value
//! This is KL(q || p), without the mixture: infinite where the model rules out what somebody wants.
//~ d[i] = 0;
//~ for (std::size_t v = 0; v < pair.p.size(); ++v) {
//~   const double q = pair.q[v];
//~   if (q > 0) d[i] += q * (std::log(q) - pair.log_p[v]);
//~ }
// END MUTANT

// BEGIN MUTANT in-bits of=value fails=value
//! You took logarithms to base 2: these are bits. D is in nats.
//~ d[i] = 0;
//~ for (std::size_t v = 0; v < pair.p.size(); ++v) {
//~   const double q = pair.q[v], m = w * pair.p[v] + (1 - w) * q;
//~   d[i] += w * pair.p[v] * log_share(pair, v, w) / std::log(2);
//~   if (q > 0) d[i] += (1 - w) * q * std::log2(q / m);
//~ }
// END MUTANT

// BEGIN MUTANT zero-times-infinity of=value fails=unseen
//! Tokens that nobody wanted give 0 times the logarithm of 0, which is nan: 0 log 0 counts as 0.
//~ d[i] = 0;
//~ for (std::size_t v = 0; v < pair.p.size(); ++v) {
//~   const double q = pair.q[v], m = w * pair.p[v] + (1 - w) * q;
//~   d[i] += w * pair.p[v] * log_share(pair, v, w) + (1 - w) * q * std::log(q / m);
//~ }
// END MUTANT

// BEGIN MUTANT by-p of=gradient fails=gradient
//! This is the derivative by the probabilities. The logits are one step further: each moves all of
//! p.
//~ for (std::size_t v = 0; v < pair.p.size(); ++v) dz[v] = dd[i] * w * log_share(pair, v, w);
// END MUTANT

// BEGIN MUTANT not-centred of=gradient fails=gradient
//! The mean is missing: more of one token is less of the others, and a row of dz must sum to 0.
//~ for (std::size_t v = 0; v < pair.p.size(); ++v) {
//~   dz[v] = dd[i] * w * pair.p[v] * log_share(pair, v, w);
//~ }
// END MUTANT

// BEGIN MUTANT plain-mean of=gradient fails=gradient
//! You subtract the mean over the tokens; the mean to subtract is weighted with p.
//~ double mean = 0;
//~ for (std::size_t v = 0; v < pair.p.size(); ++v) mean += log_share(pair, v, w);
//~ for (std::size_t v = 0; v < pair.p.size(); ++v) {
//~   dz[v] = dd[i] * w * pair.p[v] * (log_share(pair, v, w) - mean / double(pair.p.size()));
//~ }
// END MUTANT

// BEGIN MUTANT mixture-half-differentiated of=gradient fails=gradient
//! m contains p and stands in both sums. You differentiated it in the first and forgot the second.
//~ double mean = 0;
//~ std::vector<double> slope;
//~ for (std::size_t v = 0; v < pair.p.size(); ++v) {
//~   const double m = w * pair.p[v] + (1 - w) * pair.q[v];
//~   slope.push_back(log_share(pair, v, w) + 1 - w * pair.p[v] / m);
//~   mean += pair.p[v] * slope[v];
//~ }
//~ for (std::size_t v = 0; v < pair.p.size(); ++v) {
//~   dz[v] = dd[i] * w * pair.p[v] * (slope[v] - mean);
//~ }
// END MUTANT

// BEGIN MUTANT share-forgotten of=gradient fails=gradient
//! The factor w is missing: the model is only a share of what is compared.
//~ double mean = 0;
//~ for (std::size_t v = 0; v < pair.p.size(); ++v) mean += pair.p[v] * log_share(pair, v, w);
//~ for (std::size_t v = 0; v < pair.p.size(); ++v) {
//~   dz[v] = dd[i] * pair.p[v] * (log_share(pair, v, w) - mean);
//~ }
// END MUTANT

// BEGIN MUTANT tiny-is-zero of=share fails=far-logits
//! exp rounds a tiny p to 0, the logarithm makes that -infinity, and 0 times infinity is nan. The
//! logarithm of p is known without p: it is log_p.
//~ if (pair.q[v] == 0) return -std::log(w);
//~ return std::log(pair.p[v] / (w * pair.p[v] + (1 - w) * pair.q[v]));
// END MUTANT

}  // namespace exercise
