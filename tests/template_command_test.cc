// Templates and special tokens through the commands: what render and sft take, refuse, say and
// record.
#include <nlohmann/json.hpp>

#include "nn/file.h"
#include "sft/chat_template.h"
#include "sft/tokenizer.h"
#include "tests/command.h"
#include "tests/tiny_model.h"

namespace pupil::test {
namespace {

using nlohmann::json;

class TemplateCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_PROGRAM();
    write_byte_model(model);
    files.write("chat.jsonl",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}, "
                "{\"role\": \"assistant\", \"content\": \"hello\"}]}\n");
  }
  std::string path(const std::string& name) const { return files.path() + "/" + name; }
  Ran sft(const std::string& out, const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"sft",   "--model", model,     "--data", path("chat.jsonl"),
                                      "--out", path(out), "--steps", "2"};
    words.insert(words.end(), more.begin(), more.end());
    return run_pupil(words);
  }

  TemporaryFolder files;
  const std::string model = files.path() + "/model";
};

TEST_F(TemplateCommands, SftSaysWhichTokensItAddsAndWhichRowsTrain) {
  const Ran added = sft("lora", {"--lora-rank", "2"});
  ASSERT_EQ(added.status, 0) << added.err;
  expect_contains(added.err,
                  "2 tokens added to the tokenizer: <|im_start|> = 256, <|im_end|> = 257");
  expect_contains(added.err, "embedding: 2 rows added to 256, each the mean of those");
  expect_contains(added.err, "rows that train beside the adapter: <|im_start|>, <|im_end|>");
  // Going on with that adapter in a template with other tokens: their rows train, too.
  const Ran more = sft("more", {"--adapter", path("lora"), "--template", "zephyr"});
  ASSERT_EQ(more.status, 0) << more.err;
  const json config = json::parse(read_file(path("more") + "/adapter_config.json"));
  EXPECT_EQ(config["trainable_token_indices"]["wte"], (json{256, 257, 258, 259, 260, 261}));
  // A full fine-tuning has them; an adapter on it leaves them frozen and says so.
  ASSERT_EQ(sft("tuned", {}).status, 0);
  const Ran frozen = run_pupil({"sft", "--model", path("tuned"), "--data", path("chat.jsonl"),
                                "--out", path("second"), "--steps", "1", "--lora-rank", "2"});
  expect_contains(frozen.err, "rows that stay as the base has them: <|im_start|>, <|im_end|>");
  expect_contains(frozen.err, "--lora-special-tokens <|im_start|>,<|im_end|>");
}

TEST_F(TemplateCommands, ATunedFolderCarriesItsTemplateAndItsEnd) {
  ASSERT_EQ(sft("tuned", {"--template", "llama2"}).status, 0);
  const json run = json::parse(read_file(path("tuned") + "/run.json"));
  EXPECT_EQ(run["template"], "llama2");
  EXPECT_EQ(run["template_sha256"], chat_template("llama2").hash());
  const json config = json::parse(read_file(path("tuned") + "/config.json"));
  EXPECT_EQ(config["eos_token_id"], load_tokenizer(path("tuned")).special("</s>").value());
  // Its own template is llama2 again, and it is recorded with the same hash.
  const Ran again = run_pupil({"sft", "--model", path("tuned"), "--data", path("chat.jsonl"),
                               "--out", path("again"), "--steps", "1", "--template", "model"});
  ASSERT_EQ(again.status, 0) << again.err;
  const json second = json::parse(read_file(path("again") + "/run.json"));
  EXPECT_EQ(second["template"], "model");
  EXPECT_EQ(second["template_sha256"], run["template_sha256"]);
  // What was tuned with it talks with it, from the folder alone.
  const Ran talk = run_pupil({"chat", "--model", path("again")}, {.input = "hi\n"});
  EXPECT_EQ(talk.status, 0) << talk.err;
}

TEST_F(TemplateCommands, AFoldersOwnTemplateIsRefusedWithTheReason) {
  const auto render = [&] {
    return run_pupil(
        {"render", "--tokenizer", model, "--data", path("chat.jsonl"), "--template", "model"});
  };
  const Ran none = render();
  EXPECT_EQ(none.status, 3);
  expect_contains(none.err, "there is none");
  write_file(model + "/chat_template.jinja", "{{ messages | tojson }}");
  const Ran unknown = render();
  EXPECT_EQ(unknown.status, 3);
  expect_contains(unknown.err, "the filter tojson is not understood");
  expect_contains(unknown.err, "choose one of ours with --template");
  const Ran wrong = run_pupil(
      {"render", "--tokenizer", model, "--data", path("chat.jsonl"), "--template", "llama3"});
  EXPECT_EQ(wrong.status, 2);
}

}  // namespace
}  // namespace pupil::test
