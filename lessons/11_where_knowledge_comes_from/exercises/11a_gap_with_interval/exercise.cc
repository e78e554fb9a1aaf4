// 11a: a gap with its interval. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <cmath>
#include <cstdint>

#include "lessons/kit/not_done.h"

namespace exercise {

// Wilson's interval of k right answers among n questions.
static Share wilson_share(double k, double n, double z) {
  // BEGIN SOLUTION wilson
  //| // What is left when n is 0?
  //| (void)k, (void)n, (void)z;
  //| not_done("the interval of a share");
  if (n == 0) return {0, 0, 1};
  const double p = k / n, a = z * z / n;
  const double r = z * std::sqrt(p * (1 - p) / n + a / (4 * n));
  return {p, (p + a / 2 - r) / (1 + a), (p + a / 2 + r) / (1 + a)};
  // END SOLUTION
}

void shares_by_slice(Share* share, std::int64_t slices, const std::int32_t* right,
                     const std::int32_t* slice, std::int64_t count, double z) {
  for (std::int64_t s = 0; s < slices; ++s) {
    double k = 0, n = 0;
    // BEGIN SOLUTION count
    //| (void)k, (void)n, (void)right, (void)slice, (void)count;
    //| not_done("the counts of a slice");
    for (std::int64_t i = 0; i < count; ++i) {
      if (slice[i] != s) continue;
      k += right[i];
      n += 1;
    }
    // END SOLUTION
    share[s] = wilson_share(k, n, z);
  }
}

Share gap(const Share& a, const Share& b) {
  // BEGIN SOLUTION gap
  //| // Which ends of a and b pull the gap down? Which pull it up?
  //| (void)a, (void)b;
  //| not_done("the gap");
  const double d = a.p - b.p;
  return {d, d - std::hypot(a.p - a.low, b.high - b.p), d + std::hypot(a.high - a.p, b.p - b.low)};
  // END SOLUTION
}

// BEGIN MUTANT of-all-questions of=count fails=shares
//! You divided by all questions of the test; n is the number in this slice.
//~ for (std::int64_t i = 0; i < count; ++i) {
//~   if (slice[i] == s) k += right[i];
//~   n += 1;
//~ }
// END MUTANT

// BEGIN MUTANT textbook-interval of=wilson fails=shares
//! This is p +- z sqrt(p (1 - p) / n): symmetric, without width at 0 of n, and it leaves [0, 1].
//~ if (n == 0) return {0, 0, 1};
//~ const double p = k / n, r = z * std::sqrt(p * (1 - p) / n);
//~ return {p, p - r, p + r};
// END MUTANT

// BEGIN MUTANT centre-not-moved of=wilson fails=shares
//! The interval is centred at p. Wilson's centre moves towards one half: p + z^2/2n, over 1 +
//! z^2/n.
//~ if (n == 0) return {0, 0, 1};
//~ const double p = k / n, a = z * z / n;
//~ const double r = z * std::sqrt(p * (1 - p) / n + a / (4 * n)) / (1 + a);
//~ return {p, p - r, p + r};
// END MUTANT

// BEGIN MUTANT centre-as-share of=wilson fails=shares
//! p is the centre of the interval in your result; it should be the share that was measured.
//~ if (n == 0) return {0, 0, 1};
//~ const double p = k / n, a = z * z / n;
//~ const double r = z * std::sqrt(p * (1 - p) / n + a / (4 * n));
//~ return {(p + a / 2) / (1 + a), (p + a / 2 - r) / (1 + a), (p + a / 2 + r) / (1 + a)};
// END MUTANT

// BEGIN MUTANT z-once of=wilson fails=shares
//! z stands squared in the formula in three places; you took it once.
//~ if (n == 0) return {0, 0, 1};
//~ const double p = k / n, a = z / n;
//~ const double r = z * std::sqrt(p * (1 - p) / n + a / (4 * n));
//~ return {p, (p + a / 2 - r) / (1 + a), (p + a / 2 + r) / (1 + a)};
// END MUTANT

// BEGIN MUTANT given-up-at-the-ends of=wilson fails=all-or-none
//! At 0 of 7 your interval is all of [0, 1], as if nobody had asked. Seven wrong answers do say
//! something, and the formula holds there, too.
//~ const double p = n == 0 ? 0 : k / n, a = z * z / n;
//~ if (k == 0 || k == n) return {p, 0, 1};
//~ const double r = z * std::sqrt(p * (1 - p) / n + a / (4 * n));
//~ return {p, (p + a / 2 - r) / (1 + a), (p + a / 2 + r) / (1 + a)};
// END MUTANT

// BEGIN MUTANT ends-subtracted of=gap fails=gap
//! You subtracted the ends, low - high and high - low. Both shares would have to be off at once,
//! and in opposite directions; squares are added instead.
//~ return {a.p - b.p, a.low - b.high, a.high - b.low};
// END MUTANT

// BEGIN MUTANT same-ends of=gap fails=gap
//! Your lower end takes the lower ends of both. The gap is smallest where a is low and b is high.
//~ const double d = a.p - b.p;
//~ const double down = std::hypot(a.p - a.low, b.p - b.low);
//~ return {d, d - down, d + std::hypot(a.high - a.p, b.high - b.p)};
// END MUTANT

// BEGIN MUTANT other-direction of=gap fails=gap
//! This is the gap of b minus a.
//~ const double d = b.p - a.p;
//~ const double down = std::hypot(b.p - b.low, a.high - a.p);
//~ return {d, d - down, d + std::hypot(b.high - b.p, a.p - a.low)};
// END MUTANT

}  // namespace exercise
