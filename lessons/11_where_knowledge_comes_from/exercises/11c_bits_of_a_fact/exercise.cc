// 11c: bits of a fact. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include "lessons/kit/not_done.h"

namespace exercise {

// How many rivals there are, the answer included, and the log of their sum of exponentials.
struct Rivals {
  double count, log_sum;
};

static Rivals rivals_of(const double* z, const std::int32_t* kind, std::int32_t answer,
                        std::int64_t width) {
  double count = 0, largest = -std::numeric_limits<double>::infinity(), total = 0;
  // BEGIN SOLUTION rivals
  //| // Two walks over the words: the largest logit of the kind, then the sum.
  //| (void)z, (void)kind, (void)answer, (void)width, (void)count, (void)largest, (void)total;
  //| not_done("the rivals of an answer");
  for (std::int64_t v = 0; v < width; ++v) {
    if (kind[v] == kind[answer]) largest = std::max(largest, z[v]);
  }
  for (std::int64_t v = 0; v < width; ++v) {
    if (kind[v] != kind[answer]) continue;
    count += 1;
    total += std::exp(z[v] - largest);
  }
  return {count, largest + std::log(total)};
  // END SOLUTION
}

void fact_bits(double* bits, pupil::View<const double> logits, const std::int32_t* kind,
               const std::int32_t* answer) {
  for (std::int64_t i = 0; i < logits.rows; ++i) {
    const double* z = logits.row(i);
    const Rivals rivals = rivals_of(z, kind, answer[i], logits.width);
    // BEGIN SOLUTION value
    //| (void)bits, (void)rivals;
    //| not_done("the bits of a fact");
    const double log_r = z[answer[i]] - rivals.log_sum;
    bits[i] = (std::log(rivals.count) + log_r) / std::numbers::ln2;
    // END SOLUTION
  }
}

void fact_bits_backward(pupil::View<double> dlogits, const double* dbits,
                        pupil::View<const double> logits, const std::int32_t* kind,
                        const std::int32_t* answer) {
  for (std::int64_t i = 0; i < logits.rows; ++i) {
    const double* z = logits.row(i);
    double* dz = dlogits.row(i);
    const Rivals rivals = rivals_of(z, kind, answer[i], logits.width);
    // BEGIN SOLUTION gradient
    //| // K does not depend on z. What is left is a softmax over a part of the words.
    //| (void)dz, (void)dbits, (void)rivals;
    //| not_done("the gradient of a row");
    for (std::int64_t v = 0; v < logits.width; ++v) {
      const bool rival = kind[v] == kind[answer[i]];
      const double r = rival ? std::exp(z[v] - rivals.log_sum) : 0;
      dz[v] = rival ? dbits[i] / std::numbers::ln2 * ((v == answer[i]) - r) : 0;
    }
    // END SOLUTION
  }
}

// BEGIN MUTANT all-words of=rivals fails=value
//! You normalised over the whole vocabulary. Only words of the answer's kind compete here.
//~ for (std::int64_t v = 0; v < width; ++v) largest = std::max(largest, z[v]);
//~ for (std::int64_t v = 0; v < width; ++v) {
//~   count += kind[v] == kind[answer];
//~   total += std::exp(z[v] - largest);
//~ }
//~ return {count, largest + std::log(total)};
// END MUTANT

// BEGIN MUTANT all-values of=rivals fails=value
//! Every value of any kind competes in your sum, colours with cities; rivals are of the answer's
//! kind.
//~ for (std::int64_t v = 0; v < width; ++v) {
//~   if (kind[v] >= 0) largest = std::max(largest, z[v]);
//~ }
//~ for (std::int64_t v = 0; v < width; ++v) {
//~   if (kind[v] < 0) continue;
//~   count += kind[v] == kind[answer];
//~   total += std::exp(z[v] - largest);
//~ }
//~ return {count, largest + std::log(total)};
// END MUTANT

// BEGIN MUTANT without-the-answer of=rivals fails=value
//! The answer is missing among its own rivals: K counts it, and the sum contains it.
//~ for (std::int64_t v = 0; v < width; ++v) {
//~   if (v != answer && kind[v] == kind[answer]) largest = std::max(largest, z[v]);
//~ }
//~ for (std::int64_t v = 0; v < width; ++v) {
//~   if (v == answer || kind[v] != kind[answer]) continue;
//~   count += 1;
//~   total += std::exp(z[v] - largest);
//~ }
//~ return {count, largest + std::log(total)};
// END MUTANT

// BEGIN MUTANT not-shifted of=rivals fails=large-logits
//! exp(1000) is infinite: take the largest logit of the kind out of the sum first.
//~ (void)largest;
//~ for (std::int64_t v = 0; v < width; ++v) {
//~   if (kind[v] != kind[answer]) continue;
//~   count += 1;
//~   total += std::exp(z[v]);
//~ }
//~ return {count, std::log(total)};
// END MUTANT

// BEGIN MUTANT largest-of-all of=rivals fails=large-logits
//! You shift by the largest logit of all words. When the rivals lie far below it, their sum rounds
//! to 0.
//~ for (std::int64_t v = 0; v < width; ++v) largest = std::max(largest, z[v]);
//~ for (std::int64_t v = 0; v < width; ++v) {
//~   if (kind[v] != kind[answer]) continue;
//~   count += 1;
//~   total += std::exp(z[v] - largest);
//~ }
//~ return {count, largest + std::log(total)};
// END MUTANT

// BEGIN MUTANT in-nats of=value fails=value
//! These are nats. Bits are nats over log 2.
//~ bits[i] = std::log(rivals.count) + z[answer[i]] - rivals.log_sum;
// END MUTANT

// BEGIN MUTANT chance-forgotten of=value fails=value
//! A guess scores -log2 K in your measure; K is missing, and with it a guess scores 0.
//~ (void)rivals;
//~ bits[i] = (z[answer[i]] - rivals.log_sum) / std::numbers::ln2;
// END MUTANT

// BEGIN MUTANT gradient-in-nats of=gradient fails=gradient
//! This is the gradient of nats: a bit is 0.693 of them, so 1 / log 2 is missing.
//~ for (std::int64_t v = 0; v < logits.width; ++v) {
//~   const bool rival = kind[v] == kind[answer[i]];
//~   const double r = rival ? std::exp(z[v] - rivals.log_sum) : 0;
//~   dz[v] = rival ? dbits[i] * ((v == answer[i]) - r) : 0;
//~ }
// END MUTANT

// BEGIN MUTANT gradient-of-a-loss of=gradient fails=gradient
//! You wrote p - y, the gradient of a loss. Bits rise with the answer's probability: the sign is
//! the other.
//~ for (std::int64_t v = 0; v < logits.width; ++v) {
//~   const bool rival = kind[v] == kind[answer[i]];
//~   const double r = rival ? std::exp(z[v] - rivals.log_sum) : 0;
//~   dz[v] = rival ? dbits[i] / std::numbers::ln2 * (r - (v == answer[i])) : 0;
//~ }
// END MUTANT

// BEGIN MUTANT others-pushed of=gradient fails=gradient
//! Words that are no rivals get a gradient, and b does not depend on them.
//~ for (std::int64_t v = 0; v < logits.width; ++v) {
//~   const double r = std::exp(z[v] - rivals.log_sum);
//~   dz[v] = dbits[i] / std::numbers::ln2 * ((v == answer[i]) - r);
//~ }
// END MUTANT

}  // namespace exercise
