// 07a: who wrote it? What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "lessons/kit/not_done.h"

namespace exercise {

// log sum_v exp(z_v) of one row.
static double log_sum_exp(const double* z, std::int64_t width) {
  const double largest = *std::max_element(z, z + width);
  double total = 0;
  for (std::int64_t v = 0; v < width; ++v) total += std::exp(z[v] - largest);
  return largest + std::log(total);
}

void log_odds(double* s, pupil::View<const double> a, pupil::View<const double> b,
              const Texts& texts, std::int64_t k, double prior) {
  for (std::int64_t i = 0; i < texts.n; ++i) {
    // BEGIN SOLUTION evidence
    //| // From which row to which? What does each of them add?
    //| (void)s, (void)a, (void)b, (void)k, (void)prior, (void)log_sum_exp;
    //| not_done("the log-odds of a text");
    s[i] = prior;
    const std::int64_t first = texts.begin[i];
    const std::int64_t last = std::min<std::int64_t>(first + k, texts.begin[i + 1]);
    for (std::int64_t t = first; t < last; ++t) {
      const std::int32_t x = texts.ids[t];
      s[i] += a.row(t)[x] - log_sum_exp(a.row(t), a.width);
      s[i] -= b.row(t)[x] - log_sum_exp(b.row(t), b.width);
    }
    // END SOLUTION
  }
}

double author_loss(pupil::View<const double> a, pupil::View<const double> b, const Texts& texts,
                   const std::int32_t* author, std::int64_t k, double prior) {
  std::vector<double> s(static_cast<std::size_t>(texts.n));
  log_odds(s.data(), a, b, texts, k, prior);
  double loss = 0;
  for (std::int64_t i = 0; i < texts.n; ++i) {
    // BEGIN SOLUTION loss
    //| // -log sigma(x) = log(1 + e^-x). What if x is -10^4?
    //| (void)loss, (void)author;
    //| not_done("the loss of a text");
    const double x = author[i] == 1 ? s[i] : -s[i];
    loss += (std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x)))) / double(texts.n);
    // END SOLUTION
  }
  return loss;
}

void author_loss_backward(pupil::View<double> da, pupil::View<double> db,
                          pupil::View<const double> a, pupil::View<const double> b,
                          const Texts& texts, const std::int32_t* author, std::int64_t k,
                          double prior, double dloss) {
  std::vector<double> s(static_cast<std::size_t>(texts.n));
  log_odds(s.data(), a, b, texts, k, prior);
  for (std::int64_t i = 0; i < texts.n; ++i) {
    double ds = 0;
    // BEGIN SOLUTION slope
    //| // d loss / d s_i: how wrong is the verdict on this text, and in which direction?
    //| (void)ds, (void)author, (void)dloss;
    //| not_done("the slope of the loss by the log-odds");
    const double w = author[i] == 1 ? 1 : -1;
    ds = -dloss * w / (1 + std::exp(w * s[i])) / double(texts.n);
    // END SOLUTION
    for (std::int64_t t = texts.begin[i]; t < texts.begin[i + 1]; ++t) {
      const bool counts = t < texts.begin[i] + k;
      double *dz_a = da.row(t), *dz_b = db.row(t);
      // BEGIN SOLUTION gradient
      //| // The rows of both models; log p_x has the gradient onehot(x) - p.
      //| (void)counts, (void)dz_a, (void)dz_b, (void)ds;
      //| not_done("the gradient of a row");
      const double log_a = log_sum_exp(a.row(t), a.width);
      const double log_b = log_sum_exp(b.row(t), b.width);
      for (std::int64_t v = 0; v < a.width; ++v) {
        const double y = v == texts.ids[t];
        dz_a[v] = counts ? ds * (y - std::exp(a.row(t)[v] - log_a)) : 0;
        dz_b[v] = counts ? -ds * (y - std::exp(b.row(t)[v] - log_b)) : 0;
      }
      // END SOLUTION
    }
  }
}

// BEGIN MUTANT exchanged of=evidence fails=evidence
//! Your log-odds speak for model b: what a text gains under a must count for a.
//~ s[i] = prior;
//~ const std::int64_t first = texts.begin[i];
//~ const std::int64_t last = std::min<std::int64_t>(first + k, texts.begin[i + 1]);
//~ for (std::int64_t t = first; t < last; ++t) {
//~   const std::int32_t x = texts.ids[t];
//~   s[i] -= a.row(t)[x] - log_sum_exp(a.row(t), a.width);
//~   s[i] += b.row(t)[x] - log_sum_exp(b.row(t), b.width);
//~ }
// END MUTANT

// BEGIN MUTANT all-tokens of=evidence fails=evidence
//! You added up all tokens of a text; only its first k count.
//~ s[i] = prior;
//~ (void)k;
//~ for (std::int64_t t = texts.begin[i]; t < texts.begin[i + 1]; ++t) {
//~   const std::int32_t x = texts.ids[t];
//~   s[i] += a.row(t)[x] - log_sum_exp(a.row(t), a.width);
//~   s[i] -= b.row(t)[x] - log_sum_exp(b.row(t), b.width);
//~ }
// END MUTANT

// BEGIN MUTANT mean-of-tokens of=evidence fails=evidence
//! You took the mean over the tokens. Evidence adds up: ten tokens that say the same are ten times
//! as much of it.
//~ s[i] = 0;
//~ const std::int64_t first = texts.begin[i];
//~ const std::int64_t last = std::min<std::int64_t>(first + k, texts.begin[i + 1]);
//~ for (std::int64_t t = first; t < last; ++t) {
//~   const std::int32_t x = texts.ids[t];
//~   s[i] += a.row(t)[x] - log_sum_exp(a.row(t), a.width);
//~   s[i] -= b.row(t)[x] - log_sum_exp(b.row(t), b.width);
//~ }
//~ s[i] = prior + s[i] / std::max<double>(1, double(last - first));
// END MUTANT

// BEGIN MUTANT prior-each-token of=evidence fails=evidence
//! The prior is added at every token; it is known once, before the first of them.
//~ s[i] = 0;
//~ const std::int64_t first = texts.begin[i];
//~ const std::int64_t last = std::min<std::int64_t>(first + k, texts.begin[i + 1]);
//~ for (std::int64_t t = first; t < last; ++t) {
//~   const std::int32_t x = texts.ids[t];
//~   s[i] += prior + a.row(t)[x] - log_sum_exp(a.row(t), a.width);
//~   s[i] -= b.row(t)[x] - log_sum_exp(b.row(t), b.width);
//~ }
// END MUTANT

// BEGIN MUTANT into-the-next of=evidence fails=evidence
//! A text shorter than k borrows tokens from the text behind it.
//~ s[i] = prior;
//~ const std::int64_t first = texts.begin[i];
//~ const std::int64_t last = std::min<std::int64_t>(first + k, texts.begin[texts.n]);
//~ for (std::int64_t t = first; t < last; ++t) {
//~   const std::int32_t x = texts.ids[t];
//~   s[i] += a.row(t)[x] - log_sum_exp(a.row(t), a.width);
//~   s[i] -= b.row(t)[x] - log_sum_exp(b.row(t), b.width);
//~ }
// END MUTANT

// BEGIN MUTANT logits-compared of=evidence fails=evidence
//! You compared logits. A logit means nothing without its row: subtract the log of the sum first.
//~ s[i] = prior;
//~ const std::int64_t first = texts.begin[i];
//~ const std::int64_t last = std::min<std::int64_t>(first + k, texts.begin[i + 1]);
//~ for (std::int64_t t = first; t < last; ++t) {
//~   s[i] += a.row(t)[texts.ids[t]] - b.row(t)[texts.ids[t]];
//~ }
// END MUTANT

// BEGIN MUTANT author-ignored of=loss fails=loss
//! Every text is judged as if a had written it: author is not read.
//~ const double x = author[i] >= 0 ? s[i] : -s[i];
//~ loss += (std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x)))) / double(texts.n);
// END MUTANT

// BEGIN MUTANT sum-of-texts of=loss fails=loss
//! You added up the losses of the texts; L is their mean.
//~ const double x = author[i] == 1 ? s[i] : -s[i];
//~ loss += std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x)));
// END MUTANT

// BEGIN MUTANT typed-as-it-stands of=loss fails=sure
//! e^10000 is infinite, so a text that is surely wrong gets an infinite loss. Its loss is about
//! |s|.
//~ const double x = author[i] == 1 ? s[i] : -s[i];
//~ loss += std::log(1 + std::exp(-x)) / double(texts.n);
// END MUTANT

// BEGIN MUTANT slope-of-the-right of=slope fails=gradient
//! Your slope is large where the verdict is right, and small where it is wrong: it is sigma(-w s),
//! not sigma(w s), that pushes.
//~ const double w = author[i] == 1 ? 1 : -1;
//~ ds = -dloss * w / (1 + std::exp(-w * s[i])) / double(texts.n);
// END MUTANT

// BEGIN MUTANT slope-of-the-sum of=slope fails=gradient
//! This is the slope of the sum of the losses; L is their mean.
//~ const double w = author[i] == 1 ? 1 : -1;
//~ ds = -dloss * w / (1 + std::exp(w * s[i]));
// END MUTANT

// BEGIN MUTANT both-alike of=gradient fails=gradient
//! Both models are pushed the same way. What speaks for a speaks against b: b's sign is the other.
//~ const double log_a = log_sum_exp(a.row(t), a.width);
//~ const double log_b = log_sum_exp(b.row(t), b.width);
//~ for (std::int64_t v = 0; v < a.width; ++v) {
//~   const double y = v == texts.ids[t];
//~   dz_a[v] = counts ? ds * (y - std::exp(a.row(t)[v] - log_a)) : 0;
//~   dz_b[v] = counts ? ds * (y - std::exp(b.row(t)[v] - log_b)) : 0;
//~ }
// END MUTANT

// BEGIN MUTANT later-tokens-pushed of=gradient fails=gradient
//! Tokens behind the first k get a gradient, and the log-odds never saw them.
//~ (void)counts;
//~ const double log_a = log_sum_exp(a.row(t), a.width);
//~ const double log_b = log_sum_exp(b.row(t), b.width);
//~ for (std::int64_t v = 0; v < a.width; ++v) {
//~   const double y = v == texts.ids[t];
//~   dz_a[v] = ds * (y - std::exp(a.row(t)[v] - log_a));
//~   dz_b[v] = -ds * (y - std::exp(b.row(t)[v] - log_b));
//~ }
// END MUTANT

}  // namespace exercise
