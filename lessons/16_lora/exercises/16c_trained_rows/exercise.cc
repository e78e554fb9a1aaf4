// 16c: trained rows. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <cstdint>

#include "lessons/kit/not_done.h"

namespace exercise {

// Row v of E'.
static const double* row_of(const Table& table, std::int64_t v) {
  // BEGIN SOLUTION lookup
  //| (void)v;
  //| not_done("row v of the table as it is used");
  for (std::int64_t k = 0; k < table.rows.rows; ++k) {
    if (table.ids[k] == v) return table.rows.row(k);
  }
  return table.frozen.row(v);
  // END SOLUTION
}

void tied(pupil::View<double> x, pupil::View<double> z, const Table& table,
          const std::int32_t* tokens, pupil::View<const double> h) {
  for (std::int64_t t = 0; t < x.rows; ++t) {
    // BEGIN SOLUTION value
    //| (void)z, (void)tokens, (void)h;
    //| not_done("x and z of a position");
    for (std::int64_t c = 0; c < x.width; ++c) x.row(t)[c] = row_of(table, tokens[t])[c];
    for (std::int64_t v = 0; v < z.width; ++v) {
      const double* e = row_of(table, v);
      double score = 0;
      for (std::int64_t c = 0; c < x.width; ++c) score += h.row(t)[c] * e[c];
      z.row(t)[v] = score;
    }
    // END SOLUTION
  }
}

void tied_backward(pupil::View<double> drows, pupil::View<double> dh, const Table& table,
                   const std::int32_t* tokens, pupil::View<const double> h,
                   pupil::View<const double> dx, pupil::View<const double> dz) {
  for (std::int64_t k = 0; k < drows.rows; ++k) {
    double* d = drows.row(k);
    // BEGIN SOLUTION rows
    //| // Two paths lead to row k: which tokens are ids[k], and how was it a rival?
    //| (void)d, (void)tokens, (void)h, (void)dx;
    //| not_done("the gradient of a trained row");
    for (std::int64_t c = 0; c < drows.width; ++c) d[c] = 0;
    for (std::int64_t t = 0; t < dx.rows; ++t) {
      const double as_input = tokens[t] == table.ids[k];
      const double as_rival = dz.row(t)[table.ids[k]];
      for (std::int64_t c = 0; c < drows.width; ++c) {
        d[c] += as_input * dx.row(t)[c] + as_rival * h.row(t)[c];
      }
    }
    // END SOLUTION
  }
  for (std::int64_t t = 0; t < dh.rows; ++t) {
    // BEGIN SOLUTION hidden
    //| (void)dz;
    //| not_done("the gradient of h at a position");
    for (std::int64_t c = 0; c < dh.width; ++c) dh.row(t)[c] = 0;
    for (std::int64_t v = 0; v < dz.width; ++v) {
      const double* e = row_of(table, v);
      for (std::int64_t c = 0; c < dh.width; ++c) dh.row(t)[c] += dz.row(t)[v] * e[c];
    }
    // END SOLUTION
  }
}

// BEGIN MUTANT typed-only of=rows fails=never-typed
//! A row that stands in no text gets no gradient from you. It is a rival at every position, typed or not.
//~ for (std::int64_t c = 0; c < drows.width; ++c) d[c] = 0;
//~ bool typed = false;
//~ for (std::int64_t t = 0; t < dx.rows; ++t) typed = typed || tokens[t] == table.ids[k];
//~ for (std::int64_t t = 0; typed && t < dx.rows; ++t) {
//~   const double as_input = tokens[t] == table.ids[k];
//~   const double as_rival = dz.row(t)[table.ids[k]];
//~   for (std::int64_t c = 0; c < drows.width; ++c) {
//~     d[c] += as_input * dx.row(t)[c] + as_rival * h.row(t)[c];
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT rows-not-placed of=lookup fails=value
//! The trained rows are not in the table: you read the frozen row of every token.
//~ return table.frozen.row(v);
// END MUTANT

// BEGIN MUTANT place-for-id of=lookup fails=value
//! R[k] stands for token ids[k], not for token k.
//~ return v < table.rows.rows ? table.rows.row(v) : table.frozen.row(v);
// END MUTANT

// BEGIN MUTANT head-untied of=value fails=value
//! The scores use the frozen table: the head is tied, so E' scores as well.
//~ for (std::int64_t c = 0; c < x.width; ++c) x.row(t)[c] = row_of(table, tokens[t])[c];
//~ for (std::int64_t v = 0; v < z.width; ++v) {
//~   const double* e = table.frozen.row(v);
//~   double score = 0;
//~   for (std::int64_t c = 0; c < x.width; ++c) score += h.row(t)[c] * e[c];
//~   z.row(t)[v] = score;
//~ }
// END MUTANT

// BEGIN MUTANT head-forgotten of=rows fails=gradient
//! Only the input's path is in drows; each row is a rival in the scores of every position, too.
//~ for (std::int64_t c = 0; c < drows.width; ++c) d[c] = 0;
//~ for (std::int64_t t = 0; t < dx.rows; ++t) {
//~   if (tokens[t] != table.ids[k]) continue;
//~   for (std::int64_t c = 0; c < drows.width; ++c) d[c] += dx.row(t)[c];
//~ }
// END MUTANT

// BEGIN MUTANT input-forgotten of=rows fails=gradient
//! Only the scores' path is in drows; where the token stands in the text, dx belongs to its row.
//~ for (std::int64_t c = 0; c < drows.width; ++c) d[c] = 0;
//~ for (std::int64_t t = 0; t < dx.rows; ++t) {
//~   const double as_rival = dz.row(t)[table.ids[k]];
//~   for (std::int64_t c = 0; c < drows.width; ++c) d[c] += as_rival * h.row(t)[c];
//~ }
// END MUTANT

// BEGIN MUTANT last-place-only of=rows fails=gradient
//! A token that stands in the text several times gets dx from each place; you kept the last.
//~ std::int64_t last = -1;
//~ for (std::int64_t t = 0; t < dx.rows; ++t) last = tokens[t] == table.ids[k] ? t : last;
//~ for (std::int64_t c = 0; c < drows.width; ++c) d[c] = last < 0 ? 0 : dx.row(last)[c];
//~ for (std::int64_t t = 0; t < dx.rows; ++t) {
//~   const double as_rival = dz.row(t)[table.ids[k]];
//~   for (std::int64_t c = 0; c < drows.width; ++c) d[c] += as_rival * h.row(t)[c];
//~ }
// END MUTANT

// BEGIN MUTANT rival-only-where-typed of=rows fails=gradient
//! The scores' path is counted only where the token stands. It is a rival at every position.
//~ for (std::int64_t c = 0; c < drows.width; ++c) d[c] = 0;
//~ for (std::int64_t t = 0; t < dx.rows; ++t) {
//~   if (tokens[t] != table.ids[k]) continue;
//~   const double as_rival = dz.row(t)[table.ids[k]];
//~   for (std::int64_t c = 0; c < drows.width; ++c) {
//~     d[c] += dx.row(t)[c] + as_rival * h.row(t)[c];
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT column-of-the-place of=rows fails=gradient
//! You read column k of dz; the scores of this row stand in column ids[k].
//~ for (std::int64_t c = 0; c < drows.width; ++c) d[c] = 0;
//~ for (std::int64_t t = 0; t < dx.rows; ++t) {
//~   const double as_input = tokens[t] == table.ids[k];
//~   const double as_rival = dz.row(t)[k];
//~   for (std::int64_t c = 0; c < drows.width; ++c) {
//~     d[c] += as_input * dx.row(t)[c] + as_rival * h.row(t)[c];
//~   }
//~ }
// END MUTANT

// BEGIN MUTANT hidden-from-trained-rows-alone of=hidden fails=gradient
//! dh holds the share of the trained rows alone; every token's score was made with h.
//~ for (std::int64_t c = 0; c < dh.width; ++c) dh.row(t)[c] = 0;
//~ for (std::int64_t k = 0; k < drows.rows; ++k) {
//~   const double as_rival = dz.row(t)[table.ids[k]];
//~   for (std::int64_t c = 0; c < dh.width; ++c) dh.row(t)[c] += as_rival * table.rows.row(k)[c];
//~ }
// END MUTANT

}  // namespace exercise
