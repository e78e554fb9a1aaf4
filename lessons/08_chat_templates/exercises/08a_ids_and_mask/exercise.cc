// 08a: ids and mask. What to compute stands in exercise.h; task.md says why.
#include "exercise.h"

#include <cstdint>

#include "lessons/kit/not_done.h"

namespace exercise {

std::int32_t render(std::int32_t* ids, std::int32_t* mask, const Template& form,
                    const Conversation& said) {
  std::int32_t n = 0;
  // Every id is written together with what it counts.
  const auto put = [&](std::int32_t id, bool counts) {
    ids[n] = id;
    mask[n] = counts;
    ++n;
  };
  // BEGIN SOLUTION start
  //| (void)put, (void)form;
  //| not_done("the start of the conversation");
  put(form.bos, false);
  // END SOLUTION
  for (std::int32_t i = 0; i < said.turns; ++i) {
    const std::int32_t role = said.roles[i];
    // BEGIN SOLUTION turn
    //| // Opening, content, end, gap. Which of them does the model have to write itself?
    //| (void)role;
    //| not_done("a turn");
    const bool answer = role == kAssistant;
    for (std::int32_t k = form.opening_first[role]; k < form.opening_first[role + 1]; ++k) {
      put(form.opening[k], false);
    }
    for (std::int32_t k = said.content_first[i]; k < said.content_first[i + 1]; ++k) {
      put(said.content[k], answer);
    }
    put(form.end, answer);
    put(form.gap, false);
    // END SOLUTION
  }
  return n;
}

std::int32_t prompt(std::int32_t* ids, const Template& form, const Conversation& said) {
  std::int32_t n = 0;
  // BEGIN SOLUTION prompt
  //| (void)ids, (void)form, (void)said;
  //| not_done("the prompt");
  ids[n++] = form.bos;
  for (std::int32_t i = 0; i < said.turns; ++i) {
    const std::int32_t role = said.roles[i];
    for (std::int32_t k = form.opening_first[role]; k < form.opening_first[role + 1]; ++k) {
      ids[n++] = form.opening[k];
    }
    for (std::int32_t k = said.content_first[i]; k < said.content_first[i + 1]; ++k) {
      ids[n++] = said.content[k];
    }
    ids[n++] = form.end;
    ids[n++] = form.gap;
  }
  for (std::int32_t k = form.opening_first[kAssistant]; k < form.opening_first[kAssistant + 1];
       ++k) {
    ids[n++] = form.opening[k];
  }
  // END SOLUTION
  return n;
}

// BEGIN MUTANT no-start of=start fails=ids
//! The conversation has no bos: the model has never seen a text that begins without one.
//~ (void)put;
// END MUTANT

// BEGIN MUTANT start-of-every-turn of=turn fails=ids
//! bos stands before every turn; it stands once, at the start.
//~ put(form.bos, false);
//~ const bool answer = role == kAssistant;
//~ for (std::int32_t k = form.opening_first[role]; k < form.opening_first[role + 1]; ++k) {
//~   put(form.opening[k], false);
//~ }
//~ for (std::int32_t k = said.content_first[i]; k < said.content_first[i + 1]; ++k) {
//~   put(said.content[k], answer);
//~ }
//~ put(form.end, answer);
//~ put(form.gap, false);
// END MUTANT

// BEGIN MUTANT no-gap of=turn fails=ids
//! The gap behind each end is missing.
//~ const bool answer = role == kAssistant;
//~ for (std::int32_t k = form.opening_first[role]; k < form.opening_first[role + 1]; ++k) {
//~   put(form.opening[k], false);
//~ }
//~ for (std::int32_t k = said.content_first[i]; k < said.content_first[i + 1]; ++k) {
//~   put(said.content[k], answer);
//~ }
//~ put(form.end, answer);
// END MUTANT

// BEGIN MUTANT end-not-supervised of=turn fails=mask
//! The end of an answer does not count: such a model answers and never stops.
//~ const bool answer = role == kAssistant;
//~ for (std::int32_t k = form.opening_first[role]; k < form.opening_first[role + 1]; ++k) {
//~   put(form.opening[k], false);
//~ }
//~ for (std::int32_t k = said.content_first[i]; k < said.content_first[i + 1]; ++k) {
//~   put(said.content[k], answer);
//~ }
//~ put(form.end, false);
//~ put(form.gap, false);
// END MUTANT

// BEGIN MUTANT gap-supervised of=turn fails=mask
//! The gap counts. Generation stops at the end; what stands behind it is nothing to learn.
//~ const bool answer = role == kAssistant;
//~ for (std::int32_t k = form.opening_first[role]; k < form.opening_first[role + 1]; ++k) {
//~   put(form.opening[k], false);
//~ }
//~ for (std::int32_t k = said.content_first[i]; k < said.content_first[i + 1]; ++k) {
//~   put(said.content[k], answer);
//~ }
//~ put(form.end, answer);
//~ put(form.gap, answer);
// END MUTANT

// BEGIN MUTANT opening-supervised of=turn fails=mask
//! The opening of an answer counts: the program that asks writes it, the model never does.
//~ const bool answer = role == kAssistant;
//~ for (std::int32_t k = form.opening_first[role]; k < form.opening_first[role + 1]; ++k) {
//~   put(form.opening[k], answer);
//~ }
//~ for (std::int32_t k = said.content_first[i]; k < said.content_first[i + 1]; ++k) {
//~   put(said.content[k], answer);
//~ }
//~ put(form.end, answer);
//~ put(form.gap, false);
// END MUTANT

// BEGIN MUTANT every-role of=turn fails=mask
//! Every turn counts, so the model learns to ask as well.
//~ for (std::int32_t k = form.opening_first[role]; k < form.opening_first[role + 1]; ++k) {
//~   put(form.opening[k], false);
//~ }
//~ for (std::int32_t k = said.content_first[i]; k < said.content_first[i + 1]; ++k) {
//~   put(said.content[k], true);
//~ }
//~ put(form.end, true);
//~ put(form.gap, false);
// END MUTANT

// BEGIN MUTANT last-answer-only of=turn fails=mask
//! Only the last turn counts; every answer of the conversation does.
//~ const bool answer = role == kAssistant && i + 1 == said.turns;
//~ for (std::int32_t k = form.opening_first[role]; k < form.opening_first[role + 1]; ++k) {
//~   put(form.opening[k], false);
//~ }
//~ for (std::int32_t k = said.content_first[i]; k < said.content_first[i + 1]; ++k) {
//~   put(said.content[k], answer);
//~ }
//~ put(form.end, answer);
//~ put(form.gap, false);
// END MUTANT

// BEGIN MUTANT every-end of=turn fails=mask
//! The ends of all turns count. That of a question is written by the one who asks.
//~ const bool answer = role == kAssistant;
//~ for (std::int32_t k = form.opening_first[role]; k < form.opening_first[role + 1]; ++k) {
//~   put(form.opening[k], false);
//~ }
//~ for (std::int32_t k = said.content_first[i]; k < said.content_first[i + 1]; ++k) {
//~   put(said.content[k], answer);
//~ }
//~ put(form.end, true);
//~ put(form.gap, false);
// END MUTANT

// BEGIN MUTANT prompt-without-opening of=prompt fails=prompt
//! The prompt ends behind the last turn: nothing says that an answer is due, and whose turn it is.
//~ ids[n++] = form.bos;
//~ for (std::int32_t i = 0; i < said.turns; ++i) {
//~   const std::int32_t role = said.roles[i];
//~   for (std::int32_t k = form.opening_first[role]; k < form.opening_first[role + 1]; ++k) {
//~     ids[n++] = form.opening[k];
//~   }
//~   for (std::int32_t k = said.content_first[i]; k < said.content_first[i + 1]; ++k) {
//~     ids[n++] = said.content[k];
//~   }
//~   ids[n++] = form.end;
//~   ids[n++] = form.gap;
//~ }
// END MUTANT

// BEGIN MUTANT prompt-with-an-end of=prompt fails=prompt
//! The prompt ends the answer before it has begun: behind the opening comes no end.
//~ ids[n++] = form.bos;
//~ for (std::int32_t i = 0; i < said.turns; ++i) {
//~   const std::int32_t role = said.roles[i];
//~   for (std::int32_t k = form.opening_first[role]; k < form.opening_first[role + 1]; ++k) {
//~     ids[n++] = form.opening[k];
//~   }
//~   for (std::int32_t k = said.content_first[i]; k < said.content_first[i + 1]; ++k) {
//~     ids[n++] = said.content[k];
//~   }
//~   ids[n++] = form.end;
//~   ids[n++] = form.gap;
//~ }
//~ for (std::int32_t k = form.opening_first[kAssistant]; k < form.opening_first[kAssistant + 1];
//~      ++k) {
//~   ids[n++] = form.opening[k];
//~ }
//~ ids[n++] = form.end;
// END MUTANT

// BEGIN MUTANT prompt-opens-a-question of=prompt fails=prompt
//! The prompt opens a turn of the user: the model is asked to ask.
//~ ids[n++] = form.bos;
//~ for (std::int32_t i = 0; i < said.turns; ++i) {
//~   const std::int32_t role = said.roles[i];
//~   for (std::int32_t k = form.opening_first[role]; k < form.opening_first[role + 1]; ++k) {
//~     ids[n++] = form.opening[k];
//~   }
//~   for (std::int32_t k = said.content_first[i]; k < said.content_first[i + 1]; ++k) {
//~     ids[n++] = said.content[k];
//~   }
//~   ids[n++] = form.end;
//~   ids[n++] = form.gap;
//~ }
//~ for (std::int32_t k = form.opening_first[kUser]; k < form.opening_first[kUser + 1];
//~      ++k) {
//~   ids[n++] = form.opening[k];
//~ }
// END MUTANT

}  // namespace exercise
