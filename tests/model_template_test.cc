// A model folder's own chat template: taken when it is one of ours, refused with the reason.
#include "sft/model_template.h"

#include <nlohmann/json.hpp>

#include "sft/jinja.h"
#include "sft/template_jinja.h"
#include "tests/render_helpers.h"
#include "tests/text_files.h"

namespace pupil {
namespace {

const char kChatMl[] = R"({%- for message in messages -%}
  {{- '<|im_start|>' ~ message.role ~ '\n' ~ message.content ~ '<|im_end|>\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%})";

const char kLlama2[] = R"({% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}
{% set first = '<<SYS>>\n' + messages[0]['content'] + '\n<</SYS>>\n\n' %}
{% else %}{% set rest = messages %}{% set first = '' %}{% endif %}
{% for m in rest %}{% if m['role'] == 'user' %}
{{- bos_token + '[INST] ' + ((first if loop.first else '') + m['content']).strip() + ' [/INST]' -}}
{% else %}{{- ' ' + m['content'] | trim + ' ' + eos_token -}}{% endif %}{% endfor %})";

const char kZephyr[] = R"({% for message in messages %}
{% if message['role'] in ['system', 'user'] %}
{{ '<|' + message['role'] + '|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\n' + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}
)";

/// Bytes with the special tokens of a template, and a chat template of its own.
Tokenizer tokenizer_with(const std::vector<std::string>& specials, const std::string& jinja,
                         std::map<std::string, std::string> names = {}) {
  Tokenizer tokenizer = Tokenizer::bytes();
  tokenizer.add_specials(specials);
  tokenizer.jinja_chat = JinjaChat{jinja, std::move(names)};
  return tokenizer;
}

TEST(ModelTemplate, IsOneOfOursThatRendersTheSame) {
  const struct {
    const char *name, *jinja;
  } kCases[] = {{"chatml", kChatMl}, {"llama2", kLlama2}, {"zephyr", kZephyr}};
  for (const auto& [name, jinja] : kCases) {
    Tokenizer tokenizer = Tokenizer::bytes();
    const auto specials = chat_template(name).specials(tokenizer);
    tokenizer = tokenizer_with(specials, jinja, {{"bos_token", "<s>"}, {"eos_token", "</s>"}});
    const ChatTemplate taken = model_template(tokenizer);
    EXPECT_EQ(taken.name(), "model");
    EXPECT_EQ(taken.hash(), chat_template(name).hash());
  }
}

TEST(ModelTemplate, TheFoldersOwnEndTokenTakesThePlaceOfOurs) {
  const Tokenizer tokenizer =
      tokenizer_with({"<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>"}, kZephyr,
                     {{"eos_token", "<|endoftext|>"}});
  const ChatTemplate taken = model_template(tokenizer);
  EXPECT_EQ(taken.stop_ids(tokenizer), Ids{256});
  EXPECT_NE(taken.hash(), chat_template("zephyr").hash());
  const Renderer renderer(tokenizer, taken, MaskMode::kAssistant);
  const Rendered rendered = renderer.render(record_of({{"user", "q"}, {"assistant", "a"}}));
  EXPECT_EQ(renderer.text(rendered), "<|user|>\nq<|endoftext|>\n<|assistant|>\na<|endoftext|>\n");
}

TEST(ModelTemplate, OursWrittenAsJinjaAreThemselvesAgain) {
  for (const char* name : {"chatml", "llama2", "zephyr"}) {
    Tokenizer tokenizer = Tokenizer::bytes();
    const ChatTemplate ours = chat_template(name);
    ours.add_specials(tokenizer);
    tokenizer.jinja_chat = JinjaChat{template_as_jinja(ours, tokenizer).value(), {}};
    EXPECT_EQ(model_template(tokenizer).hash(), ours.hash()) << tokenizer.jinja_chat->source;
  }
  const Tokenizer bytes = Tokenizer::bytes();
  EXPECT_EQ(template_as_jinja(chat_template("alpaca"), bytes), std::nullopt);
  // One without a place for the system says so.
  const std::string jinja = template_as_jinja(chat_template("microworld"), bytes).value();
  const auto talk = [](const char* role) {
    return nlohmann::json{{"messages", {{{"role", role}, {"content", "what ?"}}}},
                          {"add_generation_prompt", true}};
  };
  EXPECT_EQ(render_jinja(jinja, talk("user")), "<bos><user>what ?<end><asst>");
  expect_contains(input_error([&] { render_jinja(jinja, talk("system")); }),
                  "no place for the role system");
}

TEST(ModelTemplate, IsRefusedWithTheReason) {
  const std::vector<std::string> specials = {"<|im_start|>", "<|im_end|>"};
  const auto reason = [&](const std::string& jinja) {
    return input_error([&] { model_template(tokenizer_with(specials, jinja)); });
  };
  const std::string chatml = kChatMl;
  // A system message that nobody wrote, as some models have it.
  expect_contains(reason("{% if messages[0].role != 'system' %}{{ '<|im_start|>system\nYou are a "
                         "helpful assistant.<|im_end|>\n' }}{% endif %}" +
                         chatml),
                  "it renders 56 of 84 conversations like chatml; a conversation of 1 messages");
  // White space that goes, reasoning that is taken out, roles by another name.
  for (const auto& [from, to] : {std::pair{"message.content ", "message.content.strip() "},
                                 {"message.content ", "message.content.split('</think>')[-1] "},
                                 {"message.role ", "message.role.replace('a', 'b') "}}) {
    std::string changed = chatml;
    changed.replace(changed.find(from), std::string(from).size(), to);
    expect_contains(reason(changed), "the folder's own chat template cannot be taken: ");
  }
  expect_contains(reason("{{ messages | tojson }}"), "the filter tojson is not understood");
  expect_contains(reason("{{ raise_exception('only with tools') }}"), "only with tools");
  expect_contains(input_error([] { model_template(Tokenizer::bytes()); }), "there is none");
  expect_contains(input_error([] { model_template(tokenizer_with({"<|im_start|>"}, kChatMl)); }),
                  "it renders like chatml, but <|im_end|> is no special token of the tokenizer");
}

TEST(ModelTemplate, ComesFromTheFilesOfAFolderAndGoesThereAgain) {
  const TemporaryFolder folder;
  Tokenizer tokenizer = Tokenizer::bytes();
  tokenizer.add_specials({"<|im_start|>", "<|im_end|>"});
  save_tokenizer(tokenizer, folder.path());
  EXPECT_EQ(load_tokenizer(folder.path()).jinja_chat, std::nullopt);

  const nlohmann::json config = {
      {"eos_token", {{"content", "<|im_end|>"}}},
      {"chat_template",
       {{{"name", "tools"}, {"template", "t"}}, {{"name", "default"}, {"template", "d"}}}}};
  folder.write("tokenizer_config.json", config.dump());
  const Tokenizer from_config = load_tokenizer(folder.path());
  EXPECT_EQ(from_config.jinja_chat, (JinjaChat{"d", {{"eos_token", "<|im_end|>"}}}));

  folder.write("chat_template.jinja", kChatMl);
  const Tokenizer both = load_tokenizer(folder.path());
  EXPECT_EQ(both.jinja_chat->source, kChatMl);
  EXPECT_EQ(model_template(both).hash(), chat_template("chatml").hash());

  const TemporaryFolder other;
  save_tokenizer(both, other.path());
  EXPECT_EQ(load_tokenizer(other.path()).jinja_chat, both.jinja_chat);
}

TEST(ModelTemplate, TheReferenceFoldersTemplateIsChatMl) {
  SKIP_WITHOUT(shared_path("golden/sft/tokenizer"));
  const Tokenizer tokenizer = load_tokenizer(shared_path("golden/sft/tokenizer"));
  EXPECT_EQ(model_template(tokenizer).hash(), chat_template("chatml").hash());
}

TEST(TemplateNames, AreOursAndModel) {
  EXPECT_EQ(template_named("zephyr", nullptr).name(), "zephyr");
  for (const char* name :
       {"chatml", "alpaca", "llama2", "zephyr", "plain", "microworld", "model"}) {
    check_template_name(name);
  }
  EXPECT_THROW(check_template_name("llama3"), UsageError);
  EXPECT_THROW(template_named("llama3", nullptr), UsageError);
  EXPECT_THROW(template_named("model", nullptr), InputError);
}

}  // namespace
}  // namespace pupil
