#include "sft/model_template.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "sft/jinja.h"
#include "sft/render.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using nlohmann::json;

constexpr std::string_view kModelTemplate = "model";

/// A conversation; without an answer at the end it is what stands before one.
using Probe = std::vector<Message>;

std::vector<Probe> probes() {
  const std::vector<std::string> contents = {"What is 2 + 2?",
                                             " \n spaces \t around\n\n",
                                             "two\n\nlines",
                                             "",
                                             "<think>\nsteps\n</think>\n\nfour",
                                             "<|im_end|></s>[/INST]<<SYS>> {{ x }}",
                                             "Grüße, 你好 🙂"};
  std::vector<Probe> list;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    const std::string& one = contents[i];
    const std::string& other = contents[(i + 3) % contents.size()];
    for (const char* system : {"", "Be brief.", " \n Be brief.\n "}) {
      Probe probe;
      if (*system) probe.push_back({"system", system});
      for (const auto& [role, content] :
           {std::pair{"user", one}, {"assistant", other}, {"user", other}, {"assistant", one}}) {
        probe.push_back({role, content});
        list.push_back(probe);
      }
    }
  }
  return list;
}

std::string by_jinja(const JinjaChat& chat, const Probe& probe) {
  json names = chat.tokens;
  names["messages"] = json::array();
  for (const Message& m : probe) {
    names["messages"].push_back({{"role", m.role}, {"content", m.content}});
  }
  names["add_generation_prompt"] = probe.back().role != "assistant";
  names["tools"] = names["documents"] = nullptr;
  return render_jinja(chat.source, names);
}

std::string by_ours(const Renderer& renderer, const Probe& probe) {
  const bool answered = probe.back().role == "assistant";
  const std::vector<std::int32_t> ids =
      answered ? renderer.render({Conversation{probe, 0}, 0}).ids : renderer.prompt(probe);
  return renderer.tokenizer()->decode(ids);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// A token that a line of a template can name.
bool can_be_named(const std::string& token) {
  return token.starts_with("<") && token.find_first_of(" \n\t\r") == token.npos;
}

/// The start of a text, in one line.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 60;
  return json(std::string(text.substr(0, kMost)) + (text.size() > kMost ? "..." : ""))
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

struct Comparison {
  std::size_t equal = 0;
  std::string difference;  ///< the first
};

Comparison compare(const ChatTemplate& ours, const std::vector<Probe>& probes,
                   const std::vector<std::string>& texts) {
  Tokenizer tokenizer = Tokenizer::bytes();
  ours.add_specials(tokenizer);
  const Renderer renderer(tokenizer, ours, MaskMode::kAll);
  Comparison result;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    std::string text;
    try {
      text = by_ours(renderer, probes[i]);
    } catch (const InputError& error) {
      if (result.difference.empty()) result.difference = error.what();
      continue;
    }
    if (text == texts[i]) {
      ++result.equal;
    } else if (result.difference.empty()) {
      const auto at = std::size_t(
          std::mismatch(text.begin(), text.end(), texts[i].begin(), texts[i].end()).first -
          text.begin());
      const std::size_t from = at - std::min<std::size_t>(at, 20);
      result.difference =
          fmt::format("a conversation of {} messages goes on {} there and {} here",
                      probes[i].size(), shown(texts[i].substr(from)), shown(text.substr(from)));
    }
  }
  return result;
}

}  // namespace

ChatTemplate model_template(const Tokenizer& tokenizer) {
  const auto refuse = [&](const std::string& reason) {
    return InputError(
        fmt::format("the folder's own chat template cannot be taken: {}; choose one of ours with "
                    "--template ({})",
                    reason, fmt::join(chat_template_names(), ", ")));
  };
  if (!tokenizer.jinja_chat) {
    throw refuse("there is none (chat_template.jinja, or chat_template in tokenizer_config.json)");
  }
  const auto& tokens = tokenizer.jinja_chat->tokens;
  const std::vector<Probe> all = probes();
  std::vector<std::string> texts;
  try {
    for (const Probe& probe : all) texts.push_back(by_jinja(*tokenizer.jinja_chat, probe));
  } catch (const InputError& error) {
    throw refuse(error.what());
  }
  Comparison best;
  std::string best_name;
  for (const std::string& name : chat_template_names()) {
    std::string source = chat_template(name).source();
    for (const auto& [own, token] : {std::pair{"<s>", "bos_token"}, {"</s>", "eos_token"}}) {
      const auto found = tokens.find(token);
      if (found != tokens.end() && can_be_named(found->second)) {
        source = replaced(source, own, found->second);
      }
    }
    const ChatTemplate candidate("model", source);
    if (!candidate.rule("user")) continue;
    const Comparison result = compare(candidate, all, texts);
    if (result.equal == all.size()) {
      for (const std::string& special : candidate.specials(tokenizer)) {
        if (tokenizer.special(special)) continue;
        throw refuse(fmt::format("it renders like {}, but {} is no special token of the tokenizer",
                                 name, special));
      }
      return candidate;
    }
    if (best_name.empty() || result.equal > best.equal) best = result, best_name = name;
  }
  throw refuse(fmt::format("it renders {} of {} conversations like {}; {}", best.equal, all.size(),
                           best_name, best.difference));
}

ChatTemplate template_named(std::string_view name, const Tokenizer* tokenizer) {
  if (name != kModelTemplate) return chat_template(name);
  if (tokenizer) return model_template(*tokenizer);
  throw InputError(
      "--template model is the one of the tokenizer's folder, but there is no tokenizer");
}

void check_template_name(std::string_view name) {
  const auto names = chat_template_names();
  if (name == kModelTemplate || std::find(names.begin(), names.end(), name) != names.end()) return;
  throw UsageError(fmt::format("\"{}\" is no template; expected {}, {}", name,
                               fmt::join(names, ", "), kModelTemplate));
}

}  // namespace pupil
