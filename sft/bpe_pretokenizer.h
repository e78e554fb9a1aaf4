// GPT-2's splitting of text into pieces, between which no merge of bytes ever happens (Radford et
// al. 2019, encoder.py). From each place the first of these that fits, as long as it can be:
//
//   's 't 're 've 'm 'll 'd    English endings
//   ' '? letters               one space may lead:  \p{L}+
//   ' '? numbers                                    \p{N}+
//   ' '? others                                     [^\s\p{L}\p{N}]+
//   white space                \s+(?!\S): all but the character before a word, else \s+
//
// White space is Unicode's White_Space property (as in Python, Rust and Oniguruma; PCRE2's own \s
// has U+180E besides). A byte that is no UTF-8 counts as one character of the others.
#pragma once
#include <cstddef>
#include <string_view>

namespace pupil {

/// Where the piece that begins at `begin` < text.size() ends. Pieces follow each other without gap.
std::size_t piece_end(std::string_view text, std::size_t begin);

}  // namespace pupil
