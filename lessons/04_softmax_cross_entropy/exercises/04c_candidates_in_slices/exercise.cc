// 04c: candidates in slices. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lessons/kit/not_done.h"

namespace exercise {

Seen see(Seen before, const double* z, const std::int32_t* candidate, std::int64_t n) {
  Seen seen = before;
  for (std::int64_t v = 0; v < n; ++v) {
    // BEGIN SOLUTION see
    //| // One logit. Does it count, is it the largest so far, and what becomes of the total then?
    //| (void)z, (void)candidate;
    //| not_done("one more logit");
    if (candidate[v] == 0) continue;
    if (z[v] > seen.largest) {
      seen.total = seen.total * std::exp(seen.largest - z[v]) + 1;
      seen.largest = z[v];
    } else {
      seen.total += std::exp(z[v] - seen.largest);
    }
    // END SOLUTION
  }
  return seen;
}

Seen join(Seen a, Seen b) {
  // BEGIN SOLUTION join
  //| // Two totals, each relative to its own largest.
  //| (void)a, (void)b;
  //| not_done("two parts of a row");
  if (a.largest < b.largest) std::swap(a, b);
  if (b.total > 0) a.total += b.total * std::exp(b.largest - a.largest);
  return a;
  // END SOLUTION
}

void slice_backward(double* dz, const double* z, const std::int32_t* candidate, std::int64_t n,
                    std::int64_t begin, Seen all, std::int32_t target, double dloss) {
  for (std::int64_t v = 0; v < n; ++v) {
    // BEGIN SOLUTION gradient
    //| // Which column of the row is this, and what is its probability among the candidates?
    //| (void)dz, (void)z, (void)candidate, (void)begin, (void)all, (void)target, (void)dloss;
    //| not_done("the gradient of a logit");
    const double p = candidate[v] ? std::exp(z[v] - all.largest) / all.total : 0;
    dz[v] = dloss * (p - (begin + v == target));
    // END SOLUTION
  }
}

// BEGIN MUTANT everyone of=see fails=value
//! Every logit is in your total; only those with candidate[v] = 1 belong there.
//~ if (z[v] > seen.largest) {
//~   seen.total = seen.total * std::exp(seen.largest - z[v]) + 1;
//~   seen.largest = z[v];
//~ } else {
//~   seen.total += std::exp(z[v] - seen.largest);
//~ }
// END MUTANT

// BEGIN MUTANT zero-for-the-others of=see fails=value
//! You count a logit of 0 for what is no candidate. 0 is a logit like any other; what is left out
//! would be -inf.
//~ const double logit = candidate[v] ? z[v] : 0;
//~ if (logit > seen.largest) {
//~   seen.total = seen.total * std::exp(seen.largest - logit) + 1;
//~   seen.largest = logit;
//~ } else {
//~   seen.total += std::exp(logit - seen.largest);
//~ }
// END MUTANT

// BEGIN MUTANT total-not-rescaled of=see fails=value
//! A larger logit came, and the total before it stayed relative to the old largest one.
//~ if (candidate[v] == 0) continue;
//~ if (z[v] > seen.largest) {
//~   seen.total += 1;
//~   seen.largest = z[v];
//~ } else {
//~   seen.total += std::exp(z[v] - seen.largest);
//~ }
// END MUTANT

// BEGIN MUTANT begins-anew of=see fails=value
//! When a larger logit comes you begin a new total at 1: what was seen before it is forgotten.
//~ if (candidate[v] == 0) continue;
//~ if (z[v] > seen.largest) {
//~   seen = {z[v], 1};
//~ } else {
//~   seen.total += std::exp(z[v] - seen.largest);
//~ }
// END MUTANT

// BEGIN MUTANT largest-of-all of=see fails=rivals
//! Your largest is the largest of all logits. Beside one of 1e4 that is no candidate, exp of every
//! candidate is 0.
//~ if (z[v] > seen.largest) {
//~   seen.total *= std::exp(seen.largest - z[v]);
//~   seen.largest = z[v];
//~ }
//~ if (candidate[v]) seen.total += std::exp(z[v] - seen.largest);
// END MUTANT

// BEGIN MUTANT totals-added of=join fails=joined
//! You added the two totals as they are; each is relative to the largest logit of its own part.
//~ return {std::max(a.largest, b.largest), a.total + b.total};
// END MUTANT

// BEGIN MUTANT larger-part-wins of=join fails=joined
//! You keep the part with the larger logit and forget the other one.
//~ return a.largest < b.largest ? b : a;
// END MUTANT

// BEGIN MUTANT larger-part-rescaled of=join fails=joined
//! You rescale the part that has the larger logit; it is the other one that has to come down.
//~ if (a.largest < b.largest) std::swap(a, b);
//~ if (b.total > 0) a.total = a.total * std::exp(b.largest - a.largest) + b.total;
//~ return a;
// END MUTANT

// BEGIN MUTANT nothing-minus-nothing of=join fails=empty-slices
//! Two parts without a candidate give nan: -inf minus -inf.
//~ const double largest = std::max(a.largest, b.largest);
//~ return {largest,
//~         a.total * std::exp(a.largest - largest) + b.total * std::exp(b.largest - largest)};
// END MUTANT

// BEGIN MUTANT gradient-of-strangers of=gradient fails=gradient
//! Logits that are no candidates get a gradient of exp(z - Z); they do not occur in the loss.
//~ const double p = std::exp(z[v] - all.largest) / all.total;
//~ dz[v] = dloss * (p - (begin + v == target));
// END MUTANT

// BEGIN MUTANT strangers-not-written of=gradient fails=gradient
//! You skip what is no candidate: its dz keeps what stood there before. Write the 0.
//~ if (candidate[v] == 0) continue;
//~ dz[v] = dloss * (std::exp(z[v] - all.largest) / all.total - (begin + v == target));
// END MUTANT

// BEGIN MUTANT target-in-every-slice of=gradient fails=gradient
//! You compare the target with v, the column within the slice; it is a column of the row.
//~ const double p = candidate[v] ? std::exp(z[v] - all.largest) / all.total : 0;
//~ dz[v] = dloss * (p - (v == target));
// END MUTANT

// BEGIN MUTANT normalised-in-the-slice of=gradient fails=gradient
//! Your probabilities sum to 1 within each slice; they belong to the whole row, which is `all`.
//~ const Seen slice = see({}, z, candidate, n);
//~ const double p = candidate[v] ? std::exp(z[v] - slice.largest) / slice.total : 0;
//~ dz[v] = dloss * (p - (begin + v == target));
// END MUTANT

}  // namespace exercise
