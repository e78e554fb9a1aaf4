// The template "model": a model folder's own chat template (Jinja), recognised as one of ours.
//
// It is rendered (sft/jinja.h) on a probe set of conversations, whole and up to an answer: with and
// without a system message, one and two turns, contents with white space around them, line breaks,
// typed special tokens, marks of reasoning and other scripts. Ours that gives the same text every
// time is taken; its end and begin tokens may bear the folder's names. Otherwise the template is
// refused with the reason: where the best of ours differs, or what in the Jinja is not understood.
#pragma once
#include <string>

#include "sft/chat_template.h"

namespace pupil {

/// Our template that renders as `tokenizer.jinja_chat` does, under the name "model". Throws
/// InputError with the reason when there is none, also when `tokenizer` lacks one of its special
/// tokens: the model was then trained on something else than those.
ChatTemplate model_template(const Tokenizer& tokenizer);

/// "model", or one of chat_template(): throws UsageError for another name, InputError for "model"
/// without a tokenizer.
ChatTemplate template_named(std::string_view name, const Tokenizer* tokenizer);
/// Throws UsageError.
void check_template_name(std::string_view name);

}  // namespace pupil
