#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/counted.h"
#include "cli/generation_options.h"
#include "cli/interrupt.h"
#include "cli/model_input.h"
#include "cli/printable.h"
#include "cli/progress.h"
#include "sft/lora.h"
#include "sft/model_template.h"
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

std::vector<std::int32_t> prompt_ids(const Settings& s, const Prompt& prompt,
                                     const ModelInput& input) {
  if (const auto* ids = std::get_if<std::vector<std::int32_t>>(&prompt.content)) return *ids;
  if (!input.tokenizer) {
    throw InputError(fmt::format(
        "{} has no tokenizer.json, which a text prompt needs; give token ids instead (--ids)",
        s.model.model));
  }
  std::string name = s.chat_template;
  std::vector<Message> messages;
  if (const auto* text = std::get_if<std::string>(&prompt.content)) {
    if (name.empty()) return input.tokenizer->encode(*text);
    messages = {{"user", *text}};
  } else {
    messages = std::get<std::vector<Message>>(prompt.content);
    if (name.empty()) name = recorded_template(s.model);
    if (name.empty()) name = "chatml";
  }
  return Renderer(input.tokenizer, template_named(name, &*input.tokenizer), MaskMode::kLast)
      .prompt(messages);
}

// Every prompt as ids that the model can continue. Errors of a file name the line.
std::vector<std::vector<std::int32_t>> all_prompts(const Settings& s, bool prompt_given,
                                                   const ModelInput& input) {
  std::vector<Prompt> prompts;
  if (!s.data.empty()) {
    prompts = read_prompts(s.data);
  } else if (prompt_given) {
    prompts = {Prompt{s.prompt}};
  } else {
    prompts = {Prompt{std::vector<std::int32_t>(s.ids.begin(), s.ids.end())}};
  }
  std::vector<std::vector<std::int32_t>> list;
  for (const Prompt& prompt : prompts) {
    try {
      list.push_back(prompt_ids(s, prompt, input));
      // To make nothing is to check the prompt.
      generate(input.gpt, {list.back()}, {.max_new_tokens = 0});
    } catch (const InputError& e) {
      if (s.data.empty()) throw;
      throw InputError(fmt::format("{}:{}: {}", s.data, prompt.line, e.what()));
    }
  }
  return list;
}

// For a person: the tokens left by the filters, the most probable first.
void print_likely(const std::vector<double>& p, const std::optional<Tokenizer>& tokenizer) {
  std::vector<std::int32_t> ids;
  for (std::size_t id = 0; id < p.size(); ++id) {
    if (p[id] > 0) ids.push_back(std::int32_t(id));
  }
  std::stable_sort(ids.begin(), ids.end(), [&](auto a, auto b) { return p[a] > p[b]; });
  fmt::print("{:>7}  {:<12} {}\n", "id", "probability", tokenizer ? "token" : "");
  for (const std::int32_t id : ids) {
    const std::string text = tokenizer ? nlohmann::json(tokenizer->decode({&id, 1})).dump() : "";
    fmt::print("{:>7}  {:<12.4g} {}\n", id, p[std::size_t(id)], printable(text));
  }
}

void print_distribution(const Settings& s, const ModelInput& input,
                        const std::vector<std::int32_t>& prompt, const Common& common) {
  const std::vector<double> p =
      first_token_distribution(input.gpt, prompt, s.generation.sampling());
  if (common.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"prompt_ids", prompt}, {"probs", p}}.dump());
  } else if (::isatty(STDOUT_FILENO)) {
    print_likely(p, input.tokenizer);
  } else {
    fmt::print("{}\n", nlohmann::json(p).dump());
  }
}

// One answer that the context cut short is easily taken for all the model had to say.
void log_cut_short(const ModelInput& input, const std::vector<Generated>& results,
                   const Common& common) {
  const auto cut = std::count_if(results.begin(), results.end(), [](const Generated& result) {
    return result.finish == Finish::kContext;
  });
  if (cut == 0) return;
  log_line(common, fmt::format("{} of {} ended at the model's context of {}", cut,
                               counted(std::int64_t(results.size()), "answer"),
                               counted(input.gpt.config().context, "token")));
}

void print_result(const ModelInput& input, const std::vector<std::int32_t>& prompt,
                  const Generated& result, const Common& common) {
  const std::string text =
      input.tokenizer ? input.tokenizer->decode(result.ids, /*show_specials=*/false) : "";
  if (common.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"prompt_ids", prompt},
                                              {"ids", result.ids},
                                              {"text", text},
                                              {"finish", name_of(result.finish)}}
                           .dump());
  } else {
    fmt::print("{}\n", input.tokenizer ? text : fmt::format("{}", fmt::join(result.ids, " ")));
  }
}

int run_generate(const Settings& s, bool prompt_given, bool ids_given, const Common& common) {
  const int sources = int(prompt_given) + int(ids_given) + int(!s.data.empty());
  if (sources != 1) throw UsageError("give one of --prompt, --ids and --data");
  const SamplingOptions sampling = s.generation.sampling();
  sampling.check();
  ModelInput input = load_model_input(s.model, common);
  settle_lora(input.gpt);
  const auto prompts = all_prompts(s, prompt_given, input);
  if (s.probs) {
    for (const auto& ids : prompts) print_distribution(s, input, ids, common);
    return 0;
  }
  const std::string chat = s.chat_template.empty() ? recorded_template(s.model) : s.chat_template;
  const GenerateOptions options = s.generation.resolve(input, chat, common);
  // One prompt is streamed as it is made; several are printed when all are done.
  std::optional<StreamDecoder> stream;
  if (!common.json && prompts.size() == 1 && input.tokenizer) {
    stream.emplace(*input.tokenizer, /*show_specials=*/false);
  }
  watch_interrupt();
  const std::vector<Generated> results =
      generate(input.gpt, prompts, options, [&](std::size_t, std::int32_t id) {
        if (stream) fmt::print("{}", stream->push(id)), std::fflush(stdout);
        return !interrupt_requested();
      });
  if (stream) {
    fmt::print("{}\n", stream->finish());
  } else {
    for (std::size_t i = 0; i < results.size(); ++i) {
      print_result(input, prompts[i], results[i], common);
    }
  }
  if (interrupt_requested()) throw Interrupted();
  log_cut_short(input, results, common);
  return 0;
}

}  // namespace

Command generate_command() {
  return {"generate", "Continue a prompt.",
          "./pupil generate --model tests/golden/gpt2/b/model --ids 1,2,3 --max-new-tokens 8",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            s->model.declare(options);
            options.text("--prompt", s->prompt, "text to continue")
                .integers("--ids", s->ids, "token ids to continue, as 1,2,3 or \"[1, 2, 3]\"")
                .at_least(0)
                .at_most(INT32_MAX)
                .text("--data", s->data, "file of prompts: {\"ids\"} or {\"prompt\"} a line",
                      "FILE")
                .text("--template", s->chat_template,
                      "chat template around a text prompt (none: the text as it is)", "NAME")
                .check(check_template_name);
            s->generation.declare(options);
            options.flag("--probs", s->probs,
                         "print the filtered distribution of the first new token instead "
                         "(--temperature is 1 then, unless given)");
            return [s, &options, &common] {
              // The distribution at temperature 0 would be a single 1.
              if (s->probs && !options.given("--temperature")) s->generation.temperature = 1;
              return run_generate(*s, options.given("--prompt"), options.given("--ids"), common);
            };
          }};
}

}  // namespace pupil::cli
