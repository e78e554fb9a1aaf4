// Adapters through the commands: several on one base in a conversation, and on a quantised base
// from training to merging.
#include <cmath>
#include <nlohmann/json.hpp>

#include "nn/file.h"
#include "nn/safetensors.h"
#include "tests/command.h"
#include "tests/tiny_model.h"

namespace pupil::test {
namespace {

using nlohmann::json;

class AdapterCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_PROGRAM();
    write_byte_model(model);
    files.write("records.jsonl", "{\"ids\": [104, 105, 10, 65, 66]}\n{\"ids\": [97, 98, 99]}\n");
  }
  std::string path(const std::string& name) const { return files.path() + "/" + name; }

  void tune(const std::string& out, const std::string& answer,
            const std::vector<std::string>& options = {}) {
    files.write(out + ".jsonl", json{{"messages",
                                      {{{"role", "user"}, {"content", "hi"}},
                                       {{"role", "assistant"}, {"content", answer}}}}}
                                        .dump() +
                                    "\n");
    std::vector<std::string> arguments{
        "sft",   "--model", model,     "--data", path(out + ".jsonl"),
        "--out", path(out), "--steps", "60",     "--lora-rank",
        "4",     "--lr",    "0.05",    "--quiet"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Ran ran = run_pupil(arguments);
    ASSERT_EQ(ran.status, 0) << ran.err;
  }
  Ran score(const std::string& of, const std::vector<std::string>& options) const {
    std::vector<std::string> arguments{"score", "--model", of, "--data", path("records.jsonl")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_pupil(arguments);
  }
  static std::vector<double> losses(const Ran& ran) {
    EXPECT_EQ(ran.status, 0) << ran.err;
    std::vector<double> list;
    for (const std::string& line : lines_of(ran.out)) {
      list.push_back(json::parse(line)["loss_sum"].get<double>());
    }
    return list;
  }

  TemporaryFolder files;
  std::string model = files.path() + "/model";
};

TEST_F(AdapterCommand, AConversationSwitchesBetweenAdaptersThatAnswerAsEachByItself) {
  // Fresh embeddings are too short for a frozen head to prefer any letter: first a base that
  // writes.
  write_file(path("base.jsonl"), R"({"prompt": "x", "completion": "aaaa"})"
                                 "\n"
                                 R"({"prompt": "y", "completion": "bbbb"})"
                                 "\n");
  ASSERT_EQ(
      run_pupil({"sft", "--model", model, "--data", path("base.jsonl"), "--template", "chatml",
                 "--out", path("base"), "--steps", "100", "--lr", "0.05", "--quiet"})
          .status,
      0);
  model = path("base");
  tune("one", "aaaa");
  tune("two", "bbbb");
  const auto chat = [&](const std::vector<std::string>& options, const std::string& input) {
    std::vector<std::string> arguments{"chat", "--model", model, "--max-new-tokens", "6"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Ran ran = run_pupil(arguments, {.input = input, .folder = "", .out = ""});
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ran;
  };
  const std::string one = chat({"--adapter", path("one")}, "hi\n").out;
  const std::string two = chat({"--adapter", path("two")}, "hi\n").out;
  ASSERT_NE(one, two) << "the adapters must differ for anything to be shown";
  const Ran both = chat({"--adapter", path("one"), "--other-adapters", path("two")},
                        "hi\n/reset\n/adapter " + path("two") + "\nhi\n/reset\n/adapter " +
                            path("one") + "\nhi\n/adapter\n/adapter nothing\n");
  EXPECT_EQ(both.out, one + two + one);
  expect_contains(both.err, path("one") + " (now), " + path("two") + ", none");
  expect_contains(both.err, "no adapter nothing; there are");
}

TEST_F(AdapterCommand, OnAQuantisedBaseRemembersItAndMergesIntoTheModelThatWasTrained_B125) {
  for (const std::string kind : {"nf4", "int8"}) {
    tune(kind, "cccc", {"--quantise", kind});
    const std::string adapter = path(kind), merged = path("merged " + kind);
    EXPECT_EQ(json::parse(read_file(adapter + "/run.json"))["lora"]["base_quantisation"], kind);
    const std::vector<std::string> f64{"--adapter", adapter, "--dtype", "f64"};
    const Ran as_trained = score(model, f64);
    expect_contains(as_trained.err, kind + " base, linear maps");

    ASSERT_EQ(run_pupil({"merge", "--model", model, "--adapter", adapter, "--out", merged,
                         "--save-dtype", "f64"})
                  .status,
              0);
    const auto want = losses(as_trained), got = losses(score(merged, {"--dtype", "f64"}));
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-9 * want[i]);

    const Ran full = score(model, {"--adapter", adapter, "--dtype", "f64", "--quantise", "none"});
    expect_contains(full.err, "trained on a base with --quantise " + kind);
    EXPECT_GT(std::abs(losses(full)[0] - want[0]), 1e-6) << "another base is another model";
    const Ran refused = run_pupil({"merge", "--model", model, "--adapter", adapter, "--quantise",
                                   "none", "--out", path("never")});
    EXPECT_EQ(refused.status, 3);
    expect_contains(refused.err, "was trained on a base with --quantise " + kind);
    EXPECT_FALSE(folder_exists(path("never")));
  }
}

TEST_F(AdapterCommand, AQuantisedBaseWithoutAnAdapterIsScoredButNotTrained) {
  EXPECT_EQ(score(model, {"--quantise", "nf4"}).status, 0);
  for (const std::string command : {"sft", "grads"}) {
    const Ran ran = run_pupil({command, "--model", model, "--data", path("records.jsonl"), "--out",
                               path("out"), "--quantise", "nf4"});
    EXPECT_EQ(ran.status, 2) << command;
    expect_contains(ran.err, "give it an adapter to train");
  }
}

TEST_F(AdapterCommand, GradientsOnAQuantisedBaseAreThoseOfTheAdapterAlone) {
  tune("q", "dddd", {"--quantise", "nf4", "--lora-targets", "c_attn", "--lora-dora"});
  const Ran ran = run_pupil({"grads", "--model", model, "--adapter", path("q"), "--data",
                             path("records.jsonl"), "--out", path("g.safetensors")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const SafetensorsFile gradients(path("g.safetensors"));
  std::size_t adapter = 0;
  for (const auto& [name, entry] : gradients.entries()) {
    const bool special = name.find("trainable_tokens") != std::string::npos;
    EXPECT_TRUE(special || name.find("c_attn.lora_") != std::string::npos) << name;
    adapter += !special;
  }
  EXPECT_EQ(adapter, 3u) << "A, B and the magnitudes of one block";
}

}  // namespace
}  // namespace pupil::test
