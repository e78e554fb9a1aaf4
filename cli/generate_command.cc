#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/generation_options.h"
#include "cli/model_input.h"
#include "sft/chat_template.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

struct Settings {
  ModelOptions model;
  GenerationOptions generation;
  std::string prompt, data, chat_template;
  std::vector<std::int64_t> ids;
  bool probs = false;
};

std::vector<std::int32_t> prompt_ids(const Prompt& prompt, const ModelInput& input,
                                     const std::string& chat_name) {
  if (const auto* ids = std::get_if<std::vector<std::int32_t>>(&prompt.content)) return *ids;
  if (!input.tokenizer) {
    throw InputError("a text prompt needs the model's tokenizer.json; give --ids instead");
  }
  if (const auto* text = std::get_if<std::string>(&prompt.content)) {
    if (chat_name.empty()) return input.tokenizer->encode(*text);
    const Message user{"user", *text};
    return Renderer(input.tokenizer, chat_template(chat_name), MaskMode::kLast).prompt({&user, 1});
  }
  const auto& messages = std::get<std::vector<Message>>(prompt.content);
  const std::string name = chat_name.empty() ? "chatml" : chat_name;
  return Renderer(input.tokenizer, chat_template(name), MaskMode::kLast).prompt(messages);
}

std::vector<Prompt> prompts_of(const Settings& s, bool prompt_given, bool ids_given) {
  const int sources = int(prompt_given) + int(ids_given) + int(!s.data.empty());
  if (sources != 1) throw UsageError("give one of --prompt, --ids and --data");
  if (!s.data.empty()) return read_prompts(s.data);
  if (prompt_given) return {Prompt{s.prompt}};
  std::vector<std::int32_t> ids;
  for (const std::int64_t id : s.ids) {
    if (id < 0 || id > INT32_MAX) throw UsageError(fmt::format("--ids: {} is no token id", id));
    ids.push_back(std::int32_t(id));
  }
  return {Prompt{ids}};
}

int run_generate(const Settings& s, bool prompt_given, bool ids_given, const Common& common) {
  ModelInput input = load_model_input(s.model, common);
  std::vector<std::vector<std::int32_t>> prompts;
  for (const Prompt& prompt : prompts_of(s, prompt_given, ids_given)) {
    prompts.push_back(prompt_ids(prompt, input, s.chat_template));
  }
  if (s.probs) {
    for (const auto& ids : prompts) {
      fmt::print(
          "{}\n",
          nlohmann::json(first_token_distribution(input.gpt, ids, s.generation.sampling())).dump());
    }
    return 0;
  }
  const GenerateOptions options = s.generation.resolve(input, s.chat_template, common);
  // One prompt is streamed as it is made; several are printed when all are done.
  const bool streams = !common.json && prompts.size() == 1 && input.tokenizer;
  std::optional<StreamDecoder> decoder;
  if (streams) decoder.emplace(*input.tokenizer, /*show_specials=*/false);
  const auto on_token = [&](std::size_t, std::int32_t id) {
    if (!decoder) return true;
    fmt::print("{}", decoder->push(id));
    std::fflush(stdout);
    return true;
  };
  const std::vector<Generated> results = generate(input.gpt, prompts, options, on_token);
  if (decoder) {
    fmt::print("{}\n", decoder->finish());
    return 0;
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::string text =
        input.tokenizer ? input.tokenizer->decode(results[i].ids, /*show_specials=*/false) : "";
    if (common.json) {
      fmt::print("{}\n", nlohmann::ordered_json{{"prompt_ids", prompts[i]},
                                                {"ids", results[i].ids},
                                                {"text", text},
                                                {"finish", name_of(results[i].finish)}}
                             .dump());
    } else {
      fmt::print("{}\n",
                 input.tokenizer ? text : fmt::format("{}", fmt::join(results[i].ids, " ")));
    }
  }
  return 0;
}

}  // namespace

Command generate_command() {
  return {"generate", "Continue a prompt.",
          "pupil generate --model demo/sft --prompt \"what is the city of mira ?\" --template "
          "microworld",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            s->model.declare(options);
            options.text("--prompt", s->prompt, "text to continue")
                .integers("--ids", s->ids, "token ids to continue")
                .text("--data", s->data, "file of prompts: {\"ids\"} or {\"prompt\"} a line")
                .text("--template", s->chat_template,
                      "chat template around a text prompt (none: the text as it is)");
            s->generation.declare(options);
            options.flag("--probs", s->probs,
                         "print the filtered distribution of the first new token instead");
            return [s, &options, &common] {
              return run_generate(*s, options.given("--prompt"), options.given("--ids"), common);
            };
          }};
}

}  // namespace pupil::cli
