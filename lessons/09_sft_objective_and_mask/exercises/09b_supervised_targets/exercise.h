// 09b: the targets of a conversation. Each token has a part, given by the template that wrote it:
//
//   kOther    system and user turns, their end tokens, role names, line breaks
//   kContent  a word of an assistant's answer
//   kEnd      the end token of an assistant's answer
//
// Content and end are supervised: without the end the model never learns to stop. Targets are
// shifted: targets[t] is the token that position t is to predict, kIgnore where that token does not
// count; the last position predicts nothing.
//
//   token     <user> hi <end> <asst> hello you <end>
//   part      other  other other other content content end
//   target    -      -  -     hello you    <end>   -            (-: kIgnore)
#pragma once
#include <cstdint>

namespace exercise {

inline constexpr std::int32_t kOther = 0, kContent = 1, kEnd = 2;
inline constexpr std::int32_t kIgnore = -100;

/// Writes targets[0 .. length - 1]; returns how many of them count.
std::int32_t supervised_targets(std::int32_t* targets, const std::int32_t* ids,
                                const std::int32_t* parts, std::int64_t length);

}  // namespace exercise
