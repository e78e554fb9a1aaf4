// Records on the command line: inspect, render and grads with packing, streams.
#include "nn/safetensors.h"
#include "nn/strict_json.h"
#include "tests/command.h"
#include "tests/small_models.h"
#include "tests/tiny_model.h"

namespace pupil {
namespace {

using test::lines_of;
using test::Ran;
using test::run_pupil;

class Data : public testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_PROGRAM();
    test::write_byte_model(model());
    data_ = folder_.write("data.jsonl",
                          "{\"prompt\": \"abc\", \"completion\": \"de\"}\n"
                          "{\"prompt\": \"fg\", \"completion\": \"hijklmno\"}\n"
                          "{\"prompt\": \"abc\", \"completion\": \"de\"}\n"
                          "{\"prompt\": \"pq\", \"completion\": \"r\"}\n");
  }
  std::string model() const { return folder_.path() + "/model"; }
  nlohmann::json inspect(std::vector<std::string> more) {
    more.insert(more.begin(), {"inspect", "--json"});
    const Ran ran = run_pupil(more);
    EXPECT_EQ(ran.status, 0) << ran.err;
    return parse_strict(ran.out);
  }
  TemporaryFolder folder_;
  std::string data_;
};

// Tokens with the end: 6, 11, 6, 4; targets: completion and end.
TEST_F(Data, InspectCountsWhatAModelSees) {
  const auto report = inspect({data_, "--tokenizer", model()});
  EXPECT_EQ(report["form"], "prompt-completion");
  EXPECT_EQ(report["template"], "plain");
  EXPECT_EQ(report["records"], 4);
  EXPECT_EQ(report["lengths_in_tokens"],
            parse_strict(R"({"min": 4, "median": 6, "mean": 6.75, "p95": 11, "max": 11})"));
  EXPECT_EQ(report["tokens"], 27);
  EXPECT_EQ(report["targets"], 3 + 9 + 3 + 2);
  EXPECT_DOUBLE_EQ(report["mask_share"], 17.0 / 27.0);
  EXPECT_EQ(report["duplicates"], 1);
  EXPECT_FALSE(report.contains("truncated"));
}

TEST_F(Data, InspectShowsWhatEachTruncationWouldDo) {
  const auto with = [&](const char* how) {
    return inspect({data_, "--model", model(), "--max-length", "5", "--truncate", how});
  };
  EXPECT_EQ(with("error")["longer"], 3);
  EXPECT_EQ(with("end")["truncated"], 3);
  EXPECT_EQ(with("end")["lost_all_targets"], 0);
  EXPECT_EQ(with("drop")["dropped"], 3);
  const auto packed =
      inspect({data_, "--model", model(), "--max-length", "11", "--pack", "isolated"});
  EXPECT_EQ(packed["packing"]["rows"], 3);
  EXPECT_DOUBLE_EQ(packed["packing"]["filled"], 27.0 / 33.0);
  EXPECT_EQ(inspect({data_, "--model", model()})["max_length"], test::kTinyConfig.context);
}

TEST_F(Data, InspectCountsBytesAndUnknownRolesWithoutATokenizer) {
  const std::string chat =
      folder_.write("chat.jsonl",
                    "{\"messages\": [{\"role\": \"user\", \"content\": \"\\u00e9\"}]}\n"
                    "{\"messages\": [{\"role\": \"tool\", \"content\": \"x\"}]}\n"
                    "{\"messages\": [{\"role\": \"tool\", \"content\": \"y\"}]}\n"
                    "{\"messages\": [{\"role\": \"user\"}]}\n"
                    "{\"messages\": [{\"role\": \"user\", \"content\": \"abcd\"}]}\n");
  const auto report = inspect({chat});
  EXPECT_EQ(report["records"], 2);
  EXPECT_EQ(report["lengths_in_bytes"]["min"], 2);
  EXPECT_EQ(report["lengths_in_bytes"]["max"], 4);
  EXPECT_EQ(report["bad"], 3);
  EXPECT_EQ(report["unknown_roles"], parse_strict(R"({"tool": 2})"));
  expect_contains(report["warnings"][0], "line 2: \"messages\"[0].role is \"tool\"");
  EXPECT_EQ(run_pupil({"inspect", chat, "--max-length", "5"}).status, 2);
}

TEST_F(Data, RenderShowsPackedRowsWithPositionsAndSegments) {
  const Ran ran = run_pupil({"render", "--tokenizer", model(), "--data", data_, "--json", "--pack",
                             "isolated", "--max-length", "11"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto lines = lines_of(ran.out);
  ASSERT_EQ(lines.size(), 3u);
  const auto row = parse_strict(lines[0]);
  EXPECT_EQ(row["text"], "abcde<|endoftext|>pqr<|endoftext|>");
  EXPECT_EQ(row["mask"], parse_strict("[0,0,0,1,1,1,0,0,1,1]"));
  EXPECT_EQ(row["positions"], parse_strict("[0,1,2,3,4,5,0,1,2,3]"));
  EXPECT_EQ(row["segments"], parse_strict("[0,0,0,0,0,0,1,1,1,1]"));
  const Ran without =
      run_pupil({"render", "--tokenizer", model(), "--data", data_, "--pack", "isolated"});
  EXPECT_EQ(without.status, 2);
  expect_contains(without.err, "--max-length");
}

TEST_F(Data, GradsDoNotDependOnPackingPaddingOrMicroBatches) {
  const std::string want = folder_.path() + "/want", got = folder_.path() + "/got";
  const auto grads = [&](const std::string& out, std::vector<std::string> more) {
    more.insert(more.begin(),
                {"grads", "--model", model(), "--data", data_, "--dtype", "f64", "--out", out});
    const Ran ran = run_pupil(more);
    EXPECT_EQ(ran.status, 0) << ran.err;
    return parse_strict(ran.out);
  };
  const auto whole = grads(want, {});
  const SafetensorsFile expected(want);
  const std::vector<std::vector<std::string>> kCases = {
      {"--pack", "isolated"},
      {"--pack", "isolated", "--max-length", "11", "--pad-side", "left"},
      {"--pack", "isolated", "--max-length", "11", "--pad-side", "none", "--micro-batch-size", "2"},
      {"--pad-side", "left", "--micro-batch-size", "3"},
      {"--pad-side", "none"},
      {"--micro-batch-size", "1"}};
  for (const auto& options : kCases) {
    const auto cut = grads(got, options);
    EXPECT_NEAR(double(cut["loss"]), double(whole["loss"]), 1e-12);
    EXPECT_NEAR(double(cut["grad_norm"]), double(whole["grad_norm"]), 1e-10);
    EXPECT_EQ(cut["n_targets"], whole["n_targets"]);
    const SafetensorsFile file(got);
    for (const auto& [name, entry] : expected.entries()) {
      EXPECT_LE(
          small::difference(file.read(name, DType::kFloat64), expected.read(name, DType::kFloat64)),
          1e-10)
          << name;
    }
  }
}

TEST_F(Data, APipeIsReadOnceByScoreAndRefusedByTraining) {
  const Ran scored = test::run_shell("cat '" + data_ + "' | '" + test::program() +
                                         "' score --model '" + model() + "' --data /dev/stdin",
                                     folder_.path());
  EXPECT_EQ(scored.status, 0) << scored.err;
  EXPECT_EQ(lines_of(scored.out).size(), 4u);
  const Ran refused =
      test::run_shell("cat '" + data_ + "' | '" + test::program() + "' sft --model '" + model() +
                          "' --data /dev/stdin --out x",
                      folder_.path());
  EXPECT_EQ(refused.status, 3);
  expect_contains(refused.err, "is a pipe or a device");
}

}  // namespace
}  // namespace pupil
