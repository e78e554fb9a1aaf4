// Conversations and renderers for the tests of templates, masks and truncation.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>

#include "autograd/operations.h"
#include "sft/render.h"

namespace pupil {

using Ids = std::vector<std::int32_t>;

inline Record record_of(std::vector<Message> messages) {
  Conversation conversation{std::move(messages), 0};
  conversation.prompt_messages = conversation.messages.size();
  for (std::size_t i = 0; i < conversation.messages.size(); ++i) {
    if (conversation.messages[i].role == "assistant") conversation.prompt_messages = i;
  }
  return {conversation, 1};
}

inline Renderer renderer(const std::string& name, MaskMode mode,
                         Tokenizer tokenizer = Tokenizer::bytes()) {
  ChatTemplate chat = chat_template(name);
  chat.add_specials(tokenizer);
  return {tokenizer, chat, mode};
}

/// The text of the supervised tokens, with | between runs that are not adjacent.
inline std::string supervised_text(const Renderer& renderer, const Rendered& rendered) {
  std::string text;
  for (std::size_t t = 0; t < rendered.ids.size(); ++t) {
    if (!rendered.mask[t]) continue;
    if (t > 0 && !rendered.mask[t - 1] && !text.empty()) text += "|";
    text += renderer.tokenizer()->decode(Ids{rendered.ids[t]});
  }
  return text;
}

inline std::string supervised_text(const Renderer& renderer, const Record& record) {
  return supervised_text(renderer, renderer.render(record));
}

inline std::vector<Message> two_turns() {
  return {{"system", "Be brief."},
          {"user", "Hi"},
          {"assistant", "Hello!"},
          {"user", "How are you?"},
          {"assistant", "Well."}};
}

inline void expect_consistent(const Rendered& rendered) {
  ASSERT_EQ(rendered.mask.size(), rendered.ids.size());
  ASSERT_EQ(rendered.labels.size(), rendered.ids.size());
  ASSERT_EQ(rendered.weights.size(), rendered.ids.size());
  for (std::size_t t = 0; t < rendered.ids.size(); ++t) {
    EXPECT_EQ(rendered.labels[t], rendered.mask[t] ? rendered.ids[t] : kIgnoreIndex);
    EXPECT_EQ(rendered.mask[t], rendered.weights[t] > 0);
  }
}

inline int count(const Ids& ids, std::int32_t id) {
  return int(std::count(ids.begin(), ids.end(), id));
}

}  // namespace pupil
