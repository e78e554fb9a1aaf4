// What a Hugging Face folder keeps beside tokenizer.json: the end of text and the chat template.
//
//   tokenizer_config.json   eos_token, bos_token, ... (a string, or an object with its content);
//                           chat_template (a text, or a list in which one is named "default")
//   chat_template.jinja     the chat template; counts before the one in the other file
#pragma once
#include <string>

#include "sft/tokenizer.h"

namespace pupil {

/// Files that are not there say nothing. Throws InputError for an end of text that is none.
void read_tokenizer_config(Tokenizer& tokenizer, const std::string& folder);
void write_tokenizer_config(const Tokenizer& tokenizer, const std::string& folder);

}  // namespace pupil
