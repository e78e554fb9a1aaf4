// A template of ours in Jinja, so that a tuned folder tells Hugging Face's libraries how to talk to
// it: the same text for every conversation that ours has a place for. What is supervised stands in
// {% generation %}, from which transformers makes its mask of assistant tokens.
#pragma once
#include <optional>
#include <string>

#include "sft/chat_template.h"

namespace pupil {

/// Nothing for a template without turns of a conversation.
std::optional<std::string> template_as_jinja(const ChatTemplate& chat, const Tokenizer& tokenizer);

}  // namespace pupil
