// The microworld's 260 words as a tokenizer: its six special tokens are never produced by text.
#pragma once
#include "sft/tokenizer.h"

namespace pupil {

Tokenizer microworld_tokenizer();

}  // namespace pupil
