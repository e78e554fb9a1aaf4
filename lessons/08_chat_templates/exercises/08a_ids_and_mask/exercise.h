// 08a: a conversation becomes ids and a mask, in one walk. A template is a handful of ids:
//
//   bos                       once, at the very start
//   opening of a role         what announces a turn: "<|im_start|> user \n", several ids
//   content                   the words of the turn
//   end                       ends every turn
//   gap                       behind every end: a line break
//
//   ids    bos | opening(user) a b end gap | opening(assistant) c end gap
//   mask    0  |      0 0 0    0 0  0   0  |        0 0 0       1  1   0
//
// Supervised (mask 1) is what the model shall write itself: content and end of assistant turns.
// Openings are written by the program that asks, and what stands behind the end is never asked for.
#pragma once
#include <cstdint>

namespace exercise {

enum Role : std::int32_t { kSystem = 0, kUser = 1, kAssistant = 2 };

struct Template {
  std::int32_t bos, end, gap;
  const std::int32_t* opening;        ///< all openings, one behind the other
  const std::int32_t* opening_first;  ///< role r: opening[opening_first[r]] to opening_first[r + 1]
};

struct Conversation {
  const std::int32_t* roles;          ///< a Role for each turn
  const std::int32_t* content;        ///< all contents, one behind the other
  const std::int32_t* content_first;  ///< turn i: content[content_first[i]] to content_first[i + 1]
  std::int32_t turns;
};

/// Writes ids and mask; returns how many. There is room enough.
std::int32_t render(std::int32_t* ids, std::int32_t* mask, const Template& form,
                    const Conversation& said);

/// What the model sees when it is to answer: every turn, then the opening of an answer. render() of
/// the same conversation with an answer behind it begins with exactly these ids.
std::int32_t prompt(std::int32_t* ids, const Template& form, const Conversation& said);

}  // namespace exercise
