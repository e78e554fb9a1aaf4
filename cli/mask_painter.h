// Tokens as text for a person, with what is supervised told apart: by colour (green supervised,
// yellow supervised with another weight than 1, grey not), or without colours between [[ and ]].
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "sft/tokenizer.h"

namespace pupil::cli {

class MaskPainter {
 public:
  /// Without a tokenizer ids stand for themselves.
  MaskPainter(const std::optional<Tokenizer>& tokenizer, bool coloured);
  /// The text to print for the next token; `weight` is that of its loss, 0: not supervised.
  std::string token(std::int32_t id, double weight);
  /// What is left at the end of a record; the next token begins another one.
  std::string end();

 private:
  enum class Kind { kNone, kMasked, kSupervised, kWeighted };
  std::string change_to(Kind kind);

  const std::optional<Tokenizer>& tokenizer_;
  std::optional<StreamDecoder> decoder_;  // a character may be several tokens
  bool coloured_;
  Kind kind_ = Kind::kNone;
};

}  // namespace pupil::cli
