// Ctrl-C: exit status 130, with the state saved where there is one; in a conversation it stops the
// answer only.
#include "nn/file.h"
#include "tests/command.h"
#include "tests/tiny_model.h"

namespace pupil::test {
namespace {

class Interrupt : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_PROGRAM();
    write_byte_model(path("short"));
    // Its answers take longer than anybody waits.
    Tokenizer tokenizer = Tokenizer::bytes();
    tokenizer.add_specials({"<|im_start|>", "<|im_end|>"});
    GptConfig config = kTinyConfig;
    config.context = 100000;
    config.vocab_size = tokenizer.vocab_size();
    write_model(path("long"), config);
    save_tokenizer(tokenizer, path("long"));
  }
  std::string path(const std::string& name) const { return files.path() + "/" + name; }
  bool has_steps(const std::string& folder) const {
    const std::string metrics = folder + "/metrics.jsonl";
    return file_exists(metrics) && lines_of(read_file(metrics)).size() > 2;
  }
  // Interrupted, the run can be resumed, and ended by a scheduler.
  void expect_resumable(std::vector<std::string> arguments, const std::string& out) {
    for (const bool again : {false, true}) {
      if (again) arguments.push_back("--resume");
      Running running(arguments);
      EXPECT_TRUE(running.until([&] {
        return has_steps(out) && (!again || running.err().find("resumed") != std::string::npos);
      }));
      running.interrupt(again ? SIGTERM : SIGINT);
      const Ran ran = running.wait();
      EXPECT_EQ(ran.status, 130) << ran.err;
      expect_contains(ran.err, "the state is saved, go on with --resume");
      if (again) expect_contains(ran.err, "resumed at step ");
      EXPECT_TRUE(file_exists(out + "/state.safetensors"));
      EXPECT_EQ(run_pupil({"generate", "--model", out, "--ids", "1"}).status, 0);
    }
  }
  TemporaryFolder files;
};

TEST_F(Interrupt, SavesThePretrainingState) {
  expect_resumable(
      {"pretrain", "--text", files.write("text", std::string(4000, 'a')), "--out", path("out"),
       "--layers", "1", "--heads", "2", "--dim", "8", "--context", "16", "--steps", "100000000"},
      path("out"));
}

TEST_F(Interrupt, SavesTheFineTuningState) {
  expect_resumable({"sft", "--model", path("short"), "--data",
                    files.write("data.jsonl", "{\"ids\": [1, 2, 3]}\n"), "--out", path("out"),
                    "--steps", "100000000"},
                   path("out"));
}

TEST_F(Interrupt, EndsAGenerationWithWhatWasMade) {
  Running running({"generate", "--model", path("long"), "--prompt", "a", "--temperature", "1",
                   "--max-new-tokens", "100000", "--no-cache"});
  EXPECT_TRUE(running.until([&] { return running.out().size() > 3; }));
  running.interrupt();
  const Ran ran = running.wait();
  EXPECT_EQ(ran.status, 130) << ran.err;
  EXPECT_TRUE(ran.out.ends_with('\n'));
}

TEST_F(Interrupt, EndsACommandWithoutStateAtOnce) {
  std::string many;
  for (int i = 0; i < 200000; ++i) many += "{\"ids\": [1, 2, 3]}\n";
  Running running({"score", "--model", path("short"), "--data", files.write("many.jsonl", many)});
  EXPECT_TRUE(running.until([&] { return !running.out().empty(); }));
  running.interrupt();
  EXPECT_EQ(running.wait().status, 130);
}

TEST_F(Interrupt, StopsOnlyTheAnswerInAConversation) {
  const std::string saved = path("saved.jsonl");
  Running running({"chat", "--model", path("long"), "--template", "chatml", "--temperature", "1",
                   "--max-new-tokens", "100000", "--stop-ids", "100000", "--no-cache"},
                  {.input = "hello\n/save " + saved + "\n"});
  EXPECT_TRUE(running.until([&] { return running.out().size() > 3; }));
  running.interrupt();
  const Ran ran = running.wait();
  EXPECT_EQ(ran.status, 0) << ran.err;
  expect_contains(read_file(saved), "{\"role\":\"user\",\"content\":\"hello\"}");
}

}  // namespace
}  // namespace pupil::test
