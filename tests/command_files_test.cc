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

TEST_F(CommandFiles, APipeOrADeviceWhereSettingsBelongIsRefusedWithoutWaiting) {
  ASSERT_EQ(run_pupil({"sft", "--model", model, "--data", path("one.jsonl"), "--out", path("lora"),
                       "--steps", "1", "--lora-rank", "1"})
                .status,
            0);
  const std::vector<std::string> with_adapter{"generate",   "--model", model, "--adapter",
                                              path("lora"), "--ids",   "1"};
  const auto expect_refused = [&](const std::string& file) {
    const Ran ran = run_pupil(with_adapter);
    EXPECT_EQ(ran.status, 3) << file;
    expect_contains(ran.err, file + ": is a pipe or a device");
  };
  for (const std::string file : {path("lora") + "/adapter_config.json", model + "/config.json"}) {
    std::filesystem::remove(file);
    make_pipe(file);
    expect_refused(file);
    std::filesystem::remove(file);
    std::filesystem::create_symlink("/dev/zero", file);
    expect_refused(file);
  }
}

TEST_F(CommandFiles, ATextFromAPipeThatTheUserConnectedIsRead) {
  const Ran ran = run_shell("yes hello | head -n 100 | '" + program() +
                                "' pretrain --text /dev/stdin --out p --steps 1 --layers 1 "
                                "--heads 1 --dim 8 --context 8",
                            files.path());
  EXPECT_EQ(ran.status, 0) << ran.err;
}

TEST_F(CommandFiles, OneRunAtATimeWritesIntoAFolderAndAKilledOneLeavesNoLock) {
  const std::vector<std::string> sft{"sft",   "--model",   model,    "--data", path("one.jsonl"),
                                     "--out", path("out"), "--steps"};
  const std::vector<std::string> pretrain{"pretrain",
                                          "--text",
                                          path("chat.jsonl"),
                                          "--out",
                                          path("out"),
                                          "--layers",
                                          "1",
                                          "--heads",
                                          "1",
                                          "--dim",
                                          "8",
                                          "--context",
                                          "8",
                                          "--batch-size",
                                          "1",
                                          "--steps"};
  const auto steps = [](std::vector<std::string> words, const char* count) {
    words.push_back(count);
    return words;
  };
  for (const auto& first : {sft, pretrain}) {
    Running running(steps(first, "100000000"));
    ASSERT_TRUE(running.until([&] { return file_exists(path("out") + "/metrics.jsonl"); }));
    for (const auto& second : {sft, pretrain}) {
      const Ran ran = run_pupil(steps(second, "1"));
      EXPECT_EQ(ran.status, 3);
      expect_contains(ran.err, path("out") + ": another run is writing here");
    }
    running.interrupt(SIGKILL);
    running.wait();
    const Ran after = run_pupil(steps(first, "1"));
    EXPECT_EQ(after.status, 0) << after.err;
    std::filesystem::remove_all(path("out"));
  }
}

TEST_F(CommandFiles, WhereAResultGoesIsCheckedBeforeAnythingIsComputed) {
  for (const std::string command : {"score", "grads"}) {
    const std::string option = command == "score" ? "--logits" : "--out";
    const auto run = [&](const std::string& where) {
      return run_pupil({command, "--model", model, "--data", path("one.jsonl"), option, where});
    };
    const Ran lost = run(path("no/such/folder/x.safetensors"));
    EXPECT_EQ(lost.status, 3);
    EXPECT_EQ(lost.out, "") << "nothing was computed";
    expect_contains(lost.err, "x.safetensors: cannot write: No such file or directory");
    const Ran folder = run(files.path());
    EXPECT_EQ(folder.status, 3);
    EXPECT_EQ(folder.out, "");
    expect_contains(folder.err, "is a folder; name a file to write");
    const Ran nowhere = run("");
    EXPECT_EQ(nowhere.status, 2);
    expect_contains(nowhere.err, option + " is \"\"; expected a path");
    EXPECT_EQ(run(path("x.safetensors")).status, 0);
  }
}

TEST_F(CommandFiles, OptionsOfANewAdapterNeedItsRankAndNoOtherAdapter) {
  ASSERT_EQ(run_pupil({"sft", "--model", model, "--data", path("one.jsonl"), "--out", path("lora"),
                       "--steps", "1", "--lora-rank", "1"})
                .status,
            0);
  for (const std::vector<std::string>& option :
       std::vector<std::vector<std::string>>{{"--lora-alpha", "8"},
                                             {"--lora-targets", "c_fc"},
                                             {"--lora-target-pattern", ".*c_fc"},
                                             {"--lora-modules-to-save", "ln_f"},
                                             {"--lora-dropout", "0.1"},
                                             {"--lora-rs"},
                                             {"--lora-dora"},
                                             {"--lora-special-tokens", "x"}}) {
    for (const bool goes_on : {false, true}) {
      std::vector<std::string> words{"sft",   "--model",  model,     "--data", path("one.jsonl"),
                                     "--out", path("on"), "--steps", "1"};
      words.insert(words.end(), option.begin(), option.end());
      if (goes_on) words.insert(words.end(), {"--adapter", path("lora")});
      const Ran ran = run_pupil(words);
      EXPECT_EQ(ran.status, 2) << option[0];
      expect_contains(ran.err, option[0] + " is for a new adapter; " +
                                   (goes_on ? "the one of --adapter" : "give its rank, too"));
    }
  }
}

TEST_F(CommandFiles, AnAnswerEndsAtEveryIdThatTheFolderNames) {
  const auto first_ids = [&](const std::string& eos) {
    json config = json::parse(read_file(model + "/config.json"));
    config["eos_token_id"] = json::parse(eos);
    write_file(model + "/config.json", config.dump());
    const Ran ran =
        run_pupil({"generate", "--model", model, "--ids", "1", "--max-new-tokens", "3", "--json"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    return json::parse(ran.out)["ids"].get<std::vector<int>>();
  };
  const int first = first_ids("null")[0];
  const int unused = first == 200 ? 201 : 200;
  for (const std::string eos :
       {"[" + std::to_string(unused) + "," + std::to_string(first) + "]",
        "[" + std::to_string(first) + "," + std::to_string(unused) + "]", std::to_string(first)}) {
    EXPECT_EQ(first_ids(eos), std::vector<int>{first}) << eos;
  }
}

TEST_F(CommandFiles, WhatAModeDoesNotHaveIsRefusedAndNotIgnored) {
  const auto expect_usage = [&](const std::vector<std::string>& words, const std::string& message) {
    const Ran ran = run_pupil(words);
    EXPECT_EQ(ran.status, 2);
    expect_contains(ran.err, message);
  };
  expect_usage({"eval", "--model", model, "--suite", path("one.jsonl"), "--answers", "-1"},
               "--answers is \"-1\"; expected at least 0");
  expect_usage({"gradcheck", "--list", "exp"}, "--list names all operations");
  expect_usage({"chat", "--model", model, "--json"}, "--json: a conversation is for people");
  const Ran list = run_pupil({"gradcheck", "--list", "--json"});
  const Ran plain = run_pupil({"gradcheck", "--list"});
  std::string names;
  for (const std::string& line : lines_of(list.out)) {
    names += json::parse(line)["operation"].get<std::string>() + "\n";
  }
  EXPECT_EQ(names, plain.out);
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
