// Whole runs, in float64: losses, gradient norms and trained weights do not depend on how a step's
// 16 records are cut into micro-batches, packed into rows or padded.
#include <gtest/gtest.h>

#include "nn/file.h"
#include "nn/safetensors.h"
#include "nn/strict_json.h"
#include "sft/example_data.h"
#include "sft/trainer.h"
#include "tests/command.h"
#include "tests/small_models.h"
#include "tests/tiny_model.h"

namespace pupil {
namespace {

constexpr double kTolerance = 1e-10;
constexpr std::int64_t kRecords = 16, kSteps = 4;

struct Course {
  std::vector<double> losses, norms;
  Tensor weights;
};

// Steps of all 16 records: an epoch each.
Course run_with(const DataPlan& plan) {
  std::vector<Example> examples = small::examples(kRecords, 8);
  for (Example& e : examples) e.targets.back() = kIgnoreIndex;
  const ExampleData data(std::make_shared<MemoryExamples>(examples), plan);
  EXPECT_EQ(data.steps_per_epoch(), 1);
  Gpt gpt = small::model(small::config(), 7);
  ParameterArena arena(gpt.parameters());
  AdamW optimizer(arena, {.weight_decay = 0.1});
  Course run;
  for (std::int64_t k = 0; k < kSteps; ++k) {
    const StepResult r = optimizer_step(gpt, arena, optimizer, data.step(k), {.clip = 0.5}, 0.01);
    run.losses.push_back(r.loss);
    run.norms.push_back(r.grad_norm);
  }
  run.weights = arena.values().clone();
  return run;
}

TEST(Training, IsTheSameForEveryFactorisationPackedOrNotAndOnEachSide) {
  const Course want = run_with({.micro_batch = kRecords, .order = ExampleOrder::kFile});
  EXPECT_LT(want.losses.back(), want.losses.front());
  for (const std::int64_t size : {1, 2, 4, 8, 16}) {
    for (const std::int64_t pack_length : {0, 16}) {
      for (const PadSide side : {PadSide::kRight, PadSide::kLeft, PadSide::kNone}) {
        SCOPED_TRACE("micro-batch " + std::to_string(size) + ", rows of " +
                     std::to_string(pack_length) + ", side " + std::to_string(int(side)));
        const Course got = run_with({.micro_batch = size,
                                     .accumulate = kRecords / size,
                                     .seed = 5,
                                     .pad_side = side,
                                     .pack_length = pack_length});
        for (std::size_t k = 0; k < want.losses.size(); ++k) {
          EXPECT_NEAR(got.losses[k], want.losses[k], kTolerance * want.losses[k]);
          EXPECT_NEAR(got.norms[k], want.norms[k], kTolerance * want.norms[k]);
        }
        EXPECT_LE(small::difference(got.weights, want.weights), kTolerance);
      }
    }
  }
}

// ---- the command --------------------------------------------------------------------------------

class SftCommand : public testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_PROGRAM();
    test::write_byte_model(folder_.path() + "/model");
    std::string text;
    for (int i = 0; i < kRecords; ++i) {
      text += R"({"prompt": ")" + std::string(std::size_t(1 + i % 5), 'q') +
              R"(", "completion": ")" + std::string(std::size_t(1 + i * 5 % 17), char('a' + i)) +
              "\"}\n";
    }
    folder_.write("data.jsonl", text);
  }
  test::Ran sft(const std::string& out, std::vector<std::string> more) {
    std::vector<std::string> words{"sft",
                                   "--model",
                                   folder_.path() + "/model",
                                   "--data",
                                   folder_.path() + "/data.jsonl",
                                   "--out",
                                   folder_.path() + "/" + out};
    words.insert(words.end(), more.begin(), more.end());
    return test::run_pupil(words);
  }
  std::vector<nlohmann::json> metrics(const std::string& out) const {
    std::vector<nlohmann::json> lines;
    for (const auto& line :
         test::lines_of(read_file(folder_.path() + "/" + out + "/metrics.jsonl"))) {
      lines.push_back(parse_strict(line));
    }
    return lines;
  }
  TemporaryFolder folder_;
};

TEST_F(SftCommand, TrainsTheSameWeightsForEveryFactorisationPackedOrNotAndOnEachSide) {
  const auto run = [&](const std::string& out, const std::string& size, const std::string& passes,
                       const std::string& pack, const std::string& side) {
    const test::Ran ran = sft(out, {"--dtype", "f64", "--save-dtype", "f64", "--steps", "3", "--lr",
                                    "0.01", "--micro-batch-size", size, "--accumulate", passes,
                                    "--pack", pack, "--pad-side", side, "--quiet"});
    ASSERT_EQ(ran.status, 0) << ran.err;
  };
  run("whole", "16", "1", "none", "right");
  const auto want = metrics("whole");
  const SafetensorsFile whole(folder_.path() + "/whole/model.safetensors");
  const std::vector<std::vector<std::string>> kCases = {
      {"1", "16", "none", "right"},    {"2", "8", "none", "left"},
      {"4", "4", "none", "none"},      {"8", "2", "none", "left"},
      {"1", "16", "isolated", "left"}, {"2", "8", "isolated", "right"},
      {"4", "4", "isolated", "left"},  {"8", "2", "isolated", "none"},
      {"16", "1", "isolated", "right"}};
  for (const auto& c : kCases) {
    SCOPED_TRACE(c[0] + " x " + c[1] + ", " + c[2] + ", " + c[3]);
    run("cut", c[0], c[1], c[2], c[3]);
    const auto got = metrics("cut");
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t k = 0; k < want.size(); ++k) {
      for (const char* field : {"loss", "grad_norm"}) {
        const double w = want[k][field];
        EXPECT_NEAR(double(got[k][field]), w, kTolerance * w) << field;
      }
      EXPECT_EQ(got[k]["n_targets"], want[k]["n_targets"]);
      EXPECT_EQ(got[k]["tokens"], want[k]["tokens"]);
    }
    const SafetensorsFile cut(folder_.path() + "/cut/model.safetensors");
    for (const auto& [name, entry] : whole.entries()) {
      EXPECT_LE(
          small::difference(cut.read(name, DType::kFloat64), whole.read(name, DType::kFloat64)),
          kTolerance)
          << name;
    }
  }
}

TEST_F(SftCommand, B80_B82_PackedTrainingCountsItsStepsAndIsEvaluatedAsUnpacked) {
  const std::string data = folder_.path() + "/data.jsonl";
  std::vector<double> losses;
  for (const char* pack : {"none", "isolated"}) {
    const test::Ran ran = sft(pack, {"--pack", pack, "--lr", "0", "--epochs", "2",
                                     "--micro-batch-size", "2", "--eval-data", data});
    ASSERT_EQ(ran.status, 0) << ran.err;
    const auto lines = metrics(pack);
    losses.push_back(lines.back()["val_loss"]);
    // 16 records of 3 to 23 tokens: 16 rows, or as many as 64 tokens a row leave.
    const bool packs = std::string(pack) == "isolated";
    EXPECT_EQ(lines[lines.size() - 2]["step"], packs ? 4 : 16) << ran.err;
    EXPECT_EQ(ran.err.find("packed into") != std::string::npos, packs) << ran.err;
  }
  EXPECT_EQ(losses[0], losses[1]);
}

TEST_F(SftCommand, B80_RefusesOptionsThatWouldDoNothing) {
  expect_contains(sft("x", {"--pack", "isolated", "--group-by-length"}).err, "--group-by-length");
  expect_contains(sft("x", {"--replay-share", "0.5"}).err, "--replay");
  EXPECT_EQ(sft("x", {"--replay", folder_.path() + "/data.jsonl"}).status, 2);
}

TEST_F(SftCommand, B68_GivesUpWhenMuchOfTheDataIsLost) {
  const auto cut = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--max-length", "12", "--truncate", "drop", "--steps", "1"});
    return sft("lost", more);
  };
  const test::Ran refused = cut({});
  EXPECT_EQ(refused.status, 3);
  expect_contains(refused.err, "of 16 records are lost: 0 skipped as bad");
  expect_contains(refused.err, "--max-lost");
  EXPECT_FALSE(file_exists(folder_.path() + "/lost/model.safetensors"));
  EXPECT_EQ(cut({"--max-lost", "1"}).status, 0);
}

TEST_F(SftCommand, ReplayedRecordsOfAnotherFormBringTheirOwnMask) {
  const std::string replay =
      folder_.write("replay.jsonl", "{\"text\": \"room\"}\n{\"text\": \"star\"}\n");
  const test::Ran ran = sft("replayed", {"--replay", replay, "--replay-share", "0.5",
                                         "--micro-batch-size", "32", "--epochs", "1"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const test::Ran alone = sft("alone", {"--micro-batch-size", "32", "--epochs", "1"});
  const auto with = metrics("replayed")[0], without = metrics("alone")[0];
  // 16 rows of four letters and an end, of which all but the first are targets.
  EXPECT_EQ(int(with["n_targets"]) - int(without["n_targets"]), 16 * 4);
  const auto record = read_json_file(folder_.path() + "/replayed/run.json");
  EXPECT_EQ(record["replay_share"], 0.5);
  EXPECT_EQ(std::string(record["replay_sha256"]).size(), 64u);
}

TEST_F(SftCommand, GroupsByLengthAndTrainsOnEveryRecord) {
  const test::Ran ran =
      sft("grouped", {"--group-by-length", "--micro-batch-size", "4", "--epochs", "1"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  int grouped = 0, plain = 0;
  ASSERT_EQ(sft("plain", {"--micro-batch-size", "4", "--epochs", "1"}).status, 0);
  for (const auto& line : metrics("grouped")) grouped += int(line["tokens"]);
  for (const auto& line : metrics("plain")) plain += int(line["tokens"]);
  EXPECT_EQ(grouped, plain);
}

}  // namespace
}  // namespace pupil
