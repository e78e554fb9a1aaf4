#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/generation_options.h"
#include "cli/interrupt.h"
#include "cli/printable.h"
#include "cli/progress.h"
#include "nn/file.h"
#include "nn/strict_json.h"
#include "sft/lora.h"
#include "sft/model_template.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

constexpr const char* kHelp =
    "/reset  forget the conversation     /system TEXT  set the system message\n"
    "/undo   forget the last exchange    /save FILE    write the conversation as a JSON record\n"
    "/adapter [NAME]  answer with another of the adapters given, or none\n"
    "/help   this list                   /quit         leave (also exit, Ctrl-D); Ctrl-C stops an "
    "answer";

struct Settings {
  ModelOptions model;
  std::vector<std::string> other_adapters;
  GenerationOptions generation;
  std::string chat_template;
};

std::string template_of(const Settings& s) {
  if (!s.chat_template.empty()) return s.chat_template;
  const std::string recorded = recorded_template(s.model);
  return recorded.empty() ? "chatml" : recorded;
}

class Chat {
 public:
  Chat(const Settings& s, const Common& common)
      : common_(common),
        settings_(s),
        adapters_(adapters_of(s)),
        inputs_(load_model_inputs(s.model, adapters_, common)),
        name_(template_of(s)),
        chat_(template_named(name_, tokenizer_of(inputs_[0]))) {
    for (ModelInput& input : inputs_) settle_lora(input.gpt);
    use(0);
    // A template without turns of a conversation (alpaca, say) answers each message by itself. So
    // do models of the microworld: they are tuned on single questions.
    remembers_ = name_ != "microworld" && chat_.rule("user") != nullptr;
  }

  int run() {
    const bool terminal = ::isatty(STDIN_FILENO);
    if (terminal && !common_.quiet)
      fmt::print(stderr, "template {}; /help lists the commands\n{}", name_, hint());
    std::string line;
    while (read_line(line, terminal)) {
      if (line.empty()) continue;
      if (line == "/quit" || line == "quit" || line == "exit") break;
      try {
        line[0] == '/' ? command(line) : answer(line);
      } catch (const Error& e) {
        fmt::print(stderr, "{}{}\n", e.what(), hint_on_capitals(line));
        if (!messages_.empty() && messages_.back().role == "user") messages_.pop_back();
      }
    }
    if (terminal) fmt::print("\n");
    return 0;
  }

 private:
  // The adapter to begin with, the others, and the base alone where there are others.
  static std::vector<std::string> adapters_of(const Settings& s) {
    std::vector<std::string> list{s.model.adapter};
    list.insert(list.end(), s.other_adapters.begin(), s.other_adapters.end());
    if (list.size() > 1 && !s.model.adapter.empty()) list.push_back("");
    return list;
  }
  static const Tokenizer* tokenizer_of(const ModelInput& input) {
    return input.tokenizer ? &*input.tokenizer : nullptr;
  }
  std::string adapter_name(std::size_t i) const {
    return adapters_[i].empty() ? "none"
                                : std::filesystem::path(adapters_[i]).lexically_normal().string();
  }

  // Answers come from adapter i from now on; the conversation stays.
  void use(std::size_t i) {
    const ModelInput& input = inputs_[i];
    if (!input.tokenizer) {
      throw InputError(settings_.model.model + ": no tokenizer.json; a conversation needs one");
    }
    Tokenizer with_specials = *input.tokenizer;
    const auto missing = chat_.add_specials(with_specials);
    if (!missing.empty()) {
      throw InputError(fmt::format(
          "{}: the tokenizer lacks {}, which template {} needs; was the model "
          "tuned with it? (pupil sft)",
          adapters_[i].empty() ? settings_.model.model : adapters_[i], missing[0].name, name_));
    }
    options_ = settings_.generation.resolve(input, name_, common_);
    used_ = i;
  }

  void change_adapter(const std::string& name) {
    std::string list;
    for (std::size_t i = 0; i < adapters_.size(); ++i) {
      if (adapter_name(i) == name) return use(i);
      list += fmt::format("{}{}{}", list.empty() ? "" : ", ", adapter_name(i),
                          i == used_ ? " (now)" : "");
    }
    if (!name.empty()) throw InputError(fmt::format("no adapter {}; there are {}", name, list));
    fmt::print(stderr, "{}\n", list);
  }

  // What a model of few words can be told.
  std::string hint() const {
    if (input().tokenizer->kind() != TokenizerKind::kWords) return "";
    return fmt::format("it knows few words, to be set apart by spaces{}\n",
                       name_ == "microworld" ? ": what is the city of quinn ?" : "");
  }

  // Words are known as they are spelt, and small letters are usual.
  std::string hint_on_capitals(const std::string& line) const {
    const bool has_capital =
        std::any_of(line.begin(), line.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (input().tokenizer->kind() != TokenizerKind::kWords || !has_capital || line[0] == '/') {
      return "";
    }
    return "; it tells capitals from small letters: try without capitals";
  }

  // Ctrl-C stops answers only: pressed here, it drops the line; pressed twice, it ends the program.
  bool read_line(std::string& line, bool terminal) {
    for (int presses = 0;; ++presses) {
      if (terminal) fmt::print("> "), std::fflush(stdout);
      watch_interrupt();
      if (std::getline(std::cin, line)) return true;
      if (!interrupt_requested() || std::cin.bad()) return false;
      if (presses > 0) throw Interrupted();
      std::cin.clear();
      std::clearerr(stdin);
      fmt::print(stderr, "\n(/quit or Ctrl-D leaves)\n");
    }
  }

  void command(const std::string& line) {
    const std::size_t space = line.find(' ');
    const std::string name = line.substr(0, space);
    const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
    if (name == "/reset") {
      std::erase_if(messages_, [](const Message& m) { return m.role != "system"; });
      fmt::print(stderr, "the conversation is forgotten{}\n",
                 messages_.empty() ? "" : "; the system message stays");
    } else if (name == "/system") {
      if (!rest.empty() && !chat_.rule("system") && !chat_.rule("first_user")) {
        throw InputError(fmt::format("template {} has no system message", name_));
      }
      messages_.assign(rest.empty() ? 0 : 1, Message{"system", rest});
      fmt::print(stderr, "a new conversation, {} system message\n",
                 rest.empty() ? "without" : "with this");
    } else if (name == "/undo") {
      undo();
    } else if (name == "/save") {
      if (rest.empty()) throw InputError("/save needs a file name");
      if (messages_.empty()) throw InputError("nothing was said yet, so there is nothing to save");
      nlohmann::ordered_json list = nlohmann::ordered_json::array();
      for (const Message& m : messages_) list.push_back({{"role", m.role}, {"content", m.content}});
      write_file(rest, json_text(nlohmann::ordered_json{{"messages", list}}) + "\n");
      fmt::print(stderr, "saved {}\n", rest);
    } else if (name == "/adapter") {
      change_adapter(rest);
    } else {
      if (name != "/help") fmt::print(stderr, "no command {}; there are\n", printable(name));
      fmt::print(stderr, "{}\n", kHelp);
    }
  }

  void undo() {
    const std::size_t before = messages_.size();
    while (!messages_.empty() && messages_.back().role == "assistant") messages_.pop_back();
    if (!messages_.empty() && messages_.back().role == "user") messages_.pop_back();
    fmt::print(stderr, "{}\n",
               messages_.size() < before ? "the last exchange is forgotten" : "nothing to undo");
  }

  std::vector<std::int32_t> prompt() const {
    const Renderer renderer(input().tokenizer, chat_, MaskMode::kLast);
    if (remembers_) return renderer.prompt(messages_);
    return renderer.prompt({&messages_.back(), 1});
  }

  void answer(const std::string& text) {
    messages_.push_back({"user", text});
    // The oldest exchanges go when the context is full.
    std::vector<std::int32_t> ids = prompt();
    while (std::int64_t(ids.size()) >= input().gpt.config().context && messages_.size() > 1) {
      const auto oldest = messages_.begin() + (messages_[0].role == "system" ? 1 : 0);
      if (oldest + 1 == messages_.end()) break;
      messages_.erase(oldest);
      ids = prompt();
    }
    StreamDecoder decoder(*input().tokenizer, /*show_specials=*/false);
    std::string reply;
    const auto put = [&](const std::string& part) {
      reply += part;
      fmt::print("{}", part);
      std::fflush(stdout);
    };
    watch_interrupt();
    generate(input().gpt, {ids}, options_, [&](std::size_t, std::int32_t id) {
      put(decoder.push(id));
      return !interrupt_requested();
    });
    put(decoder.finish());
    fmt::print("\n");
    messages_.push_back({"assistant", reply});
  }

  const ModelInput& input() const { return inputs_[used_]; }

  const Common& common_;
  const Settings& settings_;
  std::vector<std::string> adapters_;
  std::vector<ModelInput> inputs_;
  std::size_t used_ = 0;
  std::string name_;
  ChatTemplate chat_;
  GenerateOptions options_;
  bool remembers_ = true;
  std::vector<Message> messages_;
};

}  // namespace

Command chat_command() {
  return {"chat", "A conversation with a model in the terminal.", "./pupil chat --model demo/sft",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            s->model.declare(options);
            options
                .list("--other-adapters", s->other_adapters,
                      "more adapters on the same base, to switch to with /adapter NAME")
                .text("--template", s->chat_template,
                      "chat template (none: the one the model was tuned with)", "NAME")
                .check(check_template_name);
            s->generation.declare(options);
            return [s, &common] {
              if (common.json) {
                throw UsageError(
                    "--json: a conversation is for people; `pupil generate --json` gives answers "
                    "as JSON lines");
              }
              return Chat(*s, common).run();
            };
          }};
}

}  // namespace pupil::cli
