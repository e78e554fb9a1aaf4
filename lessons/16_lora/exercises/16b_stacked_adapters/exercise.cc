// 16b: stacked adapters. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <cmath>
#include <cstdint>

#include "lessons/kit/not_done.h"

namespace exercise {

double scale_of(const Adapters& adapters, std::int32_t j) {
  // BEGIN SOLUTION scale
  //| (void)adapters, (void)j;
  //| not_done("the scale of an adapter");
  return adapters.alphas[j] / std::sqrt(double(adapters.ranks[j]));
  // END SOLUTION
}

void merge(pupil::View<double> w, const Adapters& adapters) {
  // BEGIN SOLUTION merge
  //| // Adapter j owns ranks[j] rows of a, and as many columns of b. Where do they begin?
  //| (void)w, (void)adapters;
  //| not_done("folding in");
  std::int64_t q = 0;
  for (std::int32_t j = 0; j < adapters.count; ++j) {
    const double gamma = scale_of(adapters, j);
    for (const std::int64_t end = q + adapters.ranks[j]; q < end; ++q) {
      for (std::int64_t o = 0; o < w.rows; ++o) {
        for (std::int64_t i = 0; i < w.width; ++i) {
          w.row(o)[i] += gamma * adapters.b.row(o)[q] * adapters.a.row(q)[i];
        }
      }
    }
  }
  // END SOLUTION
}

void unmerge(pupil::View<double> w, const Adapters& adapters, std::int32_t j) {
  // BEGIN SOLUTION unmerge
  //| (void)w, (void)adapters, (void)j;
  //| not_done("taking one out");
  std::int64_t begin = 0;
  for (std::int32_t before = 0; before < j; ++before) begin += adapters.ranks[before];
  const double gamma = scale_of(adapters, j);
  for (std::int64_t q = begin; q < begin + adapters.ranks[j]; ++q) {
    for (std::int64_t o = 0; o < w.rows; ++o) {
      for (std::int64_t i = 0; i < w.width; ++i) {
        w.row(o)[i] -= gamma * adapters.b.row(o)[q] * adapters.a.row(q)[i];
      }
    }
  }
  // END SOLUTION
}

// BEGIN MUTANT over-the-rank of=scale fails=scales
//! You divided by the rank; that is plain LoRA. Here it is the root of the rank.
//~ return adapters.alphas[j] / double(adapters.ranks[j]);
// END MUTANT

// BEGIN MUTANT alpha-alone of=scale fails=scales
//! alpha alone is no scale: it has to be divided by the root of the rank.
//~ return adapters.alphas[j];
// END MUTANT

// BEGIN MUTANT rank-of-all of=scale fails=scales
//! You divided by the root of R, the ranks of all adapters together. Each has its own rank.
//~ return adapters.alphas[j] / std::sqrt(double(adapters.a.rows));
// END MUTANT

// BEGIN MUTANT one-scale-for-all of=merge fails=merge
//! Every adapter is folded in with the scale of the first.
//~ for (std::int64_t q = 0; q < adapters.a.rows; ++q) {
//~   for (std::int64_t o = 0; o < w.rows; ++o) {
//~     for (std::int64_t i = 0; i < w.width; ++i) {
//~       w.row(o)[i] += scale_of(adapters, 0) * adapters.b.row(o)[q] * adapters.a.row(q)[i];
//~     }
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT base-lost of=merge fails=merge
//! W is overwritten by the adapters' sum; they are added to it.
//~ for (std::int64_t o = 0; o < w.rows; ++o) {
//~   for (std::int64_t i = 0; i < w.width; ++i) w.row(o)[i] = 0;
//~ }
//~ std::int64_t q = 0;
//~ for (std::int32_t j = 0; j < adapters.count; ++j) {
//~   const double gamma = scale_of(adapters, j);
//~   for (const std::int64_t end = q + adapters.ranks[j]; q < end; ++q) {
//~     for (std::int64_t o = 0; o < w.rows; ++o) {
//~       for (std::int64_t i = 0; i < w.width; ++i) {
//~         w.row(o)[i] += gamma * adapters.b.row(o)[q] * adapters.a.row(q)[i];
//~       }
//~     }
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT starts-again-at-zero of=merge fails=merge
//! Every adapter reads the rows of a and columns of b from the first on: its place is behind those
//! of the adapters before it.
//~ for (std::int32_t j = 0; j < adapters.count; ++j) {
//~   const double gamma = scale_of(adapters, j);
//~   for (std::int64_t q = 0; q < adapters.ranks[j]; ++q) {
//~     for (std::int64_t o = 0; o < w.rows; ++o) {
//~       for (std::int64_t i = 0; i < w.width; ++i) {
//~         w.row(o)[i] += gamma * adapters.b.row(o)[q] * adapters.a.row(q)[i];
//~       }
//~     }
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT scale-on-both of=merge fails=merge
//! The scale multiplies B and A, so the product has it twice.
//~ std::int64_t q = 0;
//~ for (std::int32_t j = 0; j < adapters.count; ++j) {
//~   const double gamma = scale_of(adapters, j);
//~   for (const std::int64_t end = q + adapters.ranks[j]; q < end; ++q) {
//~     for (std::int64_t o = 0; o < w.rows; ++o) {
//~       for (std::int64_t i = 0; i < w.width; ++i) {
//~         w.row(o)[i] += gamma * adapters.b.row(o)[q] * gamma * adapters.a.row(q)[i];
//~       }
//~     }
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT takes-out-the-first of=unmerge fails=unmerge
//! You took out the first columns of b; those of adapter j begin behind the adapters before it.
//~ const double gamma = scale_of(adapters, j);
//~ for (std::int64_t q = 0; q < adapters.ranks[j]; ++q) {
//~   for (std::int64_t o = 0; o < w.rows; ++o) {
//~     for (std::int64_t i = 0; i < w.width; ++i) {
//~       w.row(o)[i] -= gamma * adapters.b.row(o)[q] * adapters.a.row(q)[i];
//~     }
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT takes-all-out of=unmerge fails=unmerge
//! All adapters are taken out; the others should stay.
//~ (void)j;
//~ std::int64_t q = 0;
//~ for (std::int32_t each = 0; each < adapters.count; ++each) {
//~   const double gamma = scale_of(adapters, each);
//~   for (const std::int64_t end = q + adapters.ranks[each]; q < end; ++q) {
//~     for (std::int64_t o = 0; o < w.rows; ++o) {
//~       for (std::int64_t i = 0; i < w.width; ++i) {
//~         w.row(o)[i] -= gamma * adapters.b.row(o)[q] * adapters.a.row(q)[i];
//~       }
//~     }
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT folds-in-again of=unmerge fails=unmerge
//! You added the adapter once more instead of taking it out.
//~ std::int64_t begin = 0;
//~ for (std::int32_t before = 0; before < j; ++before) begin += adapters.ranks[before];
//~ const double gamma = scale_of(adapters, j);
//~ for (std::int64_t q = begin; q < begin + adapters.ranks[j]; ++q) {
//~   for (std::int64_t o = 0; o < w.rows; ++o) {
//~     for (std::int64_t i = 0; i < w.width; ++i) {
//~       w.row(o)[i] += gamma * adapters.b.row(o)[q] * adapters.a.row(q)[i];
//~     }
//~   }
//~ }
// END MUTANT

}  // namespace exercise
