// What commands do with paths that are no plain files, and with values at the edge of what an
// option allows.
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "nn/file.h"
#include "tests/command.h"
#include "tests/tiny_model.h"

namespace pupil::test {
namespace {

using nlohmann::json;

class CommandFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_PROGRAM();
    write_byte_model(model);
    files.write("one.jsonl", "{\"ids\": [104, 105, 10], \"labels\": [104, 105, -100]}\n");
    files.write("plain.jsonl", "{\"prompt\": \"hi\", \"completion\": \"hello\"}\n");
    files.write("chat.jsonl",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}, "
                "{\"role\": \"assistant\", \"content\": \"hello\"}]}\n");
  }
  std::string path(const std::string& name) const { return files.path() + "/" + name; }
  void make_pipe(const std::string& where) { ASSERT_EQ(::mkfifo(where.c_str(), 0600), 0); }

  TemporaryFolder files;
  const std::string model = files.path() + "/model";
};

TEST_F(CommandFiles, AResultIsWrittenIntoAPipeAndNeverReplacesIt) {
  make_pipe(path("pipe"));
  std::filesystem::create_symlink("pipe", path("link"));
  for (const std::string name : {"pipe", "link"}) {
    const Ran ran =
        run_shell("cat pipe > copy.safetensors & '" + program() + "' grads --quiet --model '" +
                      model + "' --data one.jsonl --out " + name + " && wait",
                  files.path());
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_TRUE(std::filesystem::is_fifo(path("pipe")));
    EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
    const Ran seen = run_pupil({"inspect", path("copy.safetensors"), "--json"});
    EXPECT_EQ(seen.status, 0) << seen.err;
  }
}

TEST_F(CommandFiles, APipeWhereWeightsBelongIsRefusedWithoutWaiting) {
  std::filesystem::remove(model + "/model.safetensors");
  make_pipe(model + "/model.safetensors");
  const Ran ran = run_pupil({"generate", "--model", model, "--ids", "1"});
  EXPECT_EQ(ran.status, 3);
  expect_contains(ran.err, "model.safetensors: is no file");
}

TEST_F(CommandFiles, TrainingDataFromAPipeIsRefusedForItsHashWouldBeThatOfNothing) {
  const Ran ran = run_shell("cat one.jsonl | '" + program() + "' sft --model '" + model +
                                "' --data /dev/stdin --out piped --steps 1",
                            files.path());
  EXPECT_EQ(ran.status, 3);
  expect_contains(ran.err, "/dev/stdin: is a pipe");
  EXPECT_FALSE(file_exists(path("piped") + "/model.safetensors"));
}

TEST_F(CommandFiles, EvaluationDataMayBringSpecialTokensOfItsOwn) {
  for (const std::string rank : {"0", "2"}) {
    const Ran ran = run_pupil({"sft", "--model", model, "--data", path("plain.jsonl"),
                               "--eval-data", path("chat.jsonl"), "--out", path("out" + rank),
                               "--steps", "2", "--lora-rank", rank});
    EXPECT_EQ(ran.status, 0) << ran.err;
    std::vector<std::string> talk{"generate", "--template", "chatml", "--prompt", "hi"};
    const std::vector<std::string> tuned =
        rank == "0" ? std::vector<std::string>{"--model", path("out0")}
                    : std::vector<std::string>{"--model", model, "--adapter", path("out2")};
    talk.insert(talk.end(), tuned.begin(), tuned.end());
    EXPECT_EQ(run_pupil(talk).status, 0);
  }
}

TEST_F(CommandFiles, ASpecialTokenTrainsInOneRowHoweverOftenItIsNamed) {
  const Ran ran = run_pupil({"sft", "--model", model, "--data", path("chat.jsonl"), "--out",
                             path("lora"), "--steps", "1", "--lora-rank", "1",
                             "--lora-special-tokens", "<|im_end|>,<|im_end|>"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  const std::string config = path("lora") + "/adapter_config.json";
  json content = json::parse(read_file(config));
  EXPECT_EQ(content["trainable_token_indices"]["wte"], (json{256, 257}));
  content["trainable_token_indices"]["wte"] = {257, 257};
  write_file(config, content.dump());
  const Ran twice =
      run_pupil({"generate", "--model", model, "--adapter", path("lora"), "--ids", "1"});
  EXPECT_EQ(twice.status, 3);
  expect_contains(twice.err, "trainable_token_indices has the id 257 twice");
}

TEST_F(CommandFiles, APathNeedNotBeUtf8) {
  const std::string data = path("\xff.jsonl"), base = path("\xfe"), out = path("\xfd");
  std::filesystem::copy(path("chat.jsonl"), data);
  std::filesystem::copy(model, base);
  const Ran ran = run_pupil(
      {"sft", "--model", base, "--data", data, "--out", out, "--steps", "1", "--lora-rank", "1"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(run_pupil({"inspect", out, "--json"}).status, 0);
}

TEST_F(CommandFiles, AConversationTypedInAnotherEncodingCanBeSaved) {
  ASSERT_EQ(run_pupil({"sft", "--model", model, "--data", path("chat.jsonl"), "--out",
                       path("tuned"), "--steps", "1"})
                .status,
            0);
  const Ran ran = run_pupil({"chat", "--model", path("tuned"), "--max-new-tokens", "2"},
                            {.input = "caf\xe9\n/save saved.jsonl\n", .folder = files.path()});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(run_pupil({"inspect", path("saved.jsonl")}).status, 0);
}

TEST_F(CommandFiles, WeightsThatOverflowedInTheLastStepAreNotSaved) {
  const Ran ran = run_pupil({"sft", "--model", model, "--data", path("one.jsonl"), "--out",
                             path("tuned"), "--steps", "1", "--lr", "1e300"});
  EXPECT_EQ(ran.status, 3);
  expect_contains(ran.err, "holds NaN or Inf after the step; lower the learning rate");
  EXPECT_FALSE(file_exists(path("tuned") + "/model.safetensors"));
}

TEST_F(CommandFiles, AFolderNamedBestThatIsNeededOrAnotherRunsIsKept) {
  const auto train = [&](const std::string& from, const std::string& out) {
    return run_pupil({"sft", "--model", from, "--data", path("one.jsonl"), "--eval-data",
                      path("one.jsonl"), "--out", out, "--steps", "1"});
  };
  const std::string best = path("run") + "/best";
  EXPECT_EQ(train(model, path("run")).status, 0);
  const Ran ran = train(best, path("run"));
  EXPECT_EQ(ran.status, 2);
  expect_contains(ran.err, "choose another --out");
  EXPECT_TRUE(file_exists(best + "/model.safetensors"));
  EXPECT_EQ(train(model, path("runs") + "/best").status, 0);
  EXPECT_EQ(run_pupil({"sft", "--model", model, "--data", path("one.jsonl"), "--out", path("runs"),
                       "--steps", "1"})
                .status,
            0);
  EXPECT_TRUE(file_exists(path("runs") + "/best/model.safetensors"));
}

TEST_F(CommandFiles, AFlagTakesNoValue) {
  const Ran ran = run_pupil({"inspect", model, "--json=false"});
  EXPECT_EQ(ran.status, 2);
  expect_contains(ran.err, "--json takes no value");
}

TEST_F(CommandFiles, TheSmallestTemperatureAndPenaltyStillGiveADistribution) {
  const auto probabilities = [&](const std::vector<std::string>& sampling) {
    std::vector<std::string> words{"generate", "--model", model, "--ids", "1,2", "--probs"};
    words.insert(words.end(), sampling.begin(), sampling.end());
    const Ran ran = run_pupil(words);
    EXPECT_EQ(ran.status, 0) << ran.err;
    double total = 0;
    for (const json& p : json::parse(ran.out)) total += p.is_number() ? p.get<double>() : 1e9;
    return total;
  };
  EXPECT_NEAR(probabilities({"--temperature", "1e-320"}), 1, 1e-12);
  EXPECT_NEAR(probabilities({"--repetition-penalty", "1e-320"}), 1, 1e-12);
  EXPECT_NEAR(probabilities({"--repetition-penalty", "1e308", "--temperature", "1e-9"}), 1, 1e-12);
}

TEST_F(CommandFiles, ATableThatCannotBeWrittenIsNoInternalError) {
  const Ran ran = run_pupil({"inspect", model}, {.out = "/dev/full"});
  EXPECT_EQ(ran.status, 3);
  expect_contains(ran.err, "standard output: cannot write: No space left on device");
}

}  // namespace
}  // namespace pupil::test
