// The engine beside reference values: the part in tests/golden always, the whole set where it is.
// And the comparison itself: it has to notice one changed digit, a missing file, an unknown folder.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/golden/case.h"
#include "cli/golden/golden.h"
#include "nn/file.h"
#include "nn/safetensors.h"
#include "tensor/error.h"

namespace pupil {
namespace {

namespace fs = std::filesystem;

const std::string kOwn = std::string(PUPIL_SOURCE_DIR) + "/tests/golden";
const std::vector<std::string> kBuilt{"ops", "optim",    "gpt2",  "lora",
                                      "sft", "sampling", "quant", "bad"};

std::string shared_golden() {
  const char* shared = std::getenv("PUPIL_SHARED");
  return (shared ? std::string(shared) : std::string(PUPIL_SOURCE_DIR) + "/../shared") + "/golden";
}

// A copy of tests/golden that a test may spoil.
class GoldenCopy : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    dir_ = fs::temp_directory_path() /
           ("pupil_golden_" + std::string(test->name()) + "_" + std::to_string(getpid()));
    fs::remove_all(dir_);
    fs::copy(kOwn, dir_, fs::copy_options::recursive);
  }
  void TearDown() override { fs::remove_all(dir_); }

  std::string path(const std::string& file) const { return (dir_ / file).string(); }

  // Multiplies the largest number of a tensor by 1 + 1e-6, in the file.
  void change_tensor(const std::string& file, const std::string& name) const {
    const SafetensorsFile tensors(path(file));
    const Tensor value = tensors.read(name, DType::kFloat64);
    const auto numbers = value.span<double>();
    std::size_t at = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (std::abs(numbers[i]) > std::abs(numbers[at])) at = i;
    }
    const double changed = numbers[at] * (1 + 1e-6);
    std::fstream stream(path(file), std::ios::in | std::ios::out | std::ios::binary);
    std::uint64_t header = 0;
    stream.read(reinterpret_cast<char*>(&header), sizeof header);
    stream.seekp(std::streamoff(sizeof header + header + tensors.entries().at(name).begin +
                                at * sizeof changed));
    stream.write(reinterpret_cast<const char*>(&changed), sizeof changed);
  }

  // Applies `change` to a JSON file.
  template <class Change>
  void change_json(const std::string& file, Change change) const {
    auto json = nlohmann::ordered_json::parse(read_file(path(file)));
    change(json);
    write_file(path(file), json.dump());
  }

  fs::path dir_;
};

struct Outcome {
  int status;
  std::string output;
};

Outcome golden_in(const std::string& dir, const std::vector<std::string>& families = {},
                  bool json = false) {
  testing::internal::CaptureStdout();
  const int status = run_golden(dir, families, json);
  return {status, testing::internal::GetCapturedStdout()};
}

int lines_with(const std::string& text, const std::string& word) {
  int count = 0;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) count += line.find(word) != line.npos;
  return count;
}

// ---- the engine ---------------------------------------------------------------------------------

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, AgreesWithTheValuesInTheSources) {
  const Outcome result = golden_in(kOwn, {GetParam()});
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_GT(lines_with(result.output, "PASS"), 0) << result.output;
}

TEST_P(Golden, AgreesWithTheWholeSet) {
  if (!fs::exists(shared_golden())) {
    GTEST_SKIP() << "no " << shared_golden() << "; PUPIL_SHARED names another folder";
  }
  const Outcome result = golden_in(shared_golden(), {GetParam()});
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_GT(lines_with(result.output, "PASS"), 0) << result.output;
}

INSTANTIATE_TEST_SUITE_P(Family, Golden, testing::ValuesIn(kBuilt),
                         [](const auto& info) { return info.param; });

// ---- the comparison -----------------------------------------------------------------------------

TEST_F(GoldenCopy, OneChangedDigitOfATensorFails) {
  const struct {
    const char *family, *file, *tensor;
  } changes[] = {{"ops", "ops/layer_norm.1.safetensors", "grad.weight"},
                 {"ops", "ops/gelu_tanh.1.safetensors", "out"},
                 {"optim", "optim/adamw.safetensors", "after.5.0"},
                 {"optim", "optim/clip.1.safetensors", "clipped.1"},
                 {"lora", "lora/ends_with/expected_grads.safetensors",
                  "base_model.model.transformer.h.1.attn.c_proj.lora_A.weight"}};
  for (const auto& change : changes) {
    change_tensor(change.file, change.tensor);
    const Outcome result = golden_in(path(change.family));
    EXPECT_EQ(result.status, 1) << change.file << "\n" << result.output;
    EXPECT_NE(result.output.find(change.tensor), std::string::npos) << result.output;
  }
}

TEST_F(GoldenCopy, OneChangedDigitOfAJsonValueFails) {
  const auto grow = [](nlohmann::ordered_json& x) { x = x.get<double>() * (1 + 1e-6); };
  change_json("gpt2/b/expected.json", [&](auto& json) {
    grow(json["records"][0]["logprobs"][3]);
    grow(json["loss"]);
    grow(json["train"]["steps"][7]["grad_norm"]);
  });
  change_json("gpt2/b/greedy.json", [](auto& json) {
    json[1]["ids"][9] = (json[1]["ids"][9].template get<int>() + 1) % 100;
  });
  change_json("gpt2/b/packed.json",
              [](auto& json) { json["n_targets"] = json["n_targets"].template get<int>() + 1; });
  const Outcome gpt2 = golden_in(path("gpt2"));
  EXPECT_EQ(gpt2.status, 1);
  EXPECT_EQ(lines_with(gpt2.output, " FAIL"), 5) << gpt2.output;

  change_json("optim/schedules.json", [&](auto& json) { grow(json[3]["lr"][10]); });
  EXPECT_EQ(golden_in(path("optim")).status, 1);

  change_json("bad/manifest.json",
              [](auto& json) { json[0]["valid"] = !json[0]["valid"].template get<bool>(); });
  EXPECT_EQ(golden_in(path("bad")).status, 1);

  std::string lines = read_file(path("sampling/cases.jsonl"));
  const auto digit = lines.find_first_of("1234567", lines.find("\"probabilities\": [0.0001") + 24);
  lines[digit] += 1;
  write_file(path("sampling/cases.jsonl"), lines);
  EXPECT_EQ(lines_with(golden_in(path("sampling")).output, " FAIL"), 1);
}

TEST_F(GoldenCopy, AChangedInputFails) {
  change_tensor("ops/masked_cross_entropy.1.safetensors", "in.logits");
  const Outcome result = golden_in(path("ops"));
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(lines_with(result.output, " FAIL"), 1) << result.output;
}

TEST_F(GoldenCopy, AMissingFileFailsUnlessLeftOutOnPurpose) {
  fs::remove(path("lora/ends_with/expected_grads.safetensors"));
  const Outcome result = golden_in(path("lora"));
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.output.find("expected_grads.safetensors"), std::string::npos) << result.output;

  fs::remove(path("lora/ends_with/left_out.json"));
  EXPECT_EQ(lines_with(golden_in(path("lora")).output, " FAIL"), 4);
}

TEST_F(GoldenCopy, AnExpectedValueLessOrMoreFails) {
  change_json("gpt2/b/greedy.json", [](auto& json) { json.erase(2); });
  EXPECT_EQ(golden_in(path("gpt2")).status, 0) << "fewer prompts are fewer values on both sides";
  change_json("gpt2/b/expected.json", [](auto& json) {
    json["records"].erase(1);
    json["train"]["steps"].push_back(json["train"]["steps"][0]);
  });
  const Outcome result = golden_in(path("gpt2"));
  EXPECT_NE(result.output.find("logprobs.1"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("loss.8 is expected"), std::string::npos) << result.output;
}

TEST(GoldenCase, WhatTheEngineLacksPassesAsRefusedOnlyByANameThatTheReadmeAllows) {
  const auto verdict = [](const std::string& message, std::vector<std::string> refusable) {
    return golden::run_case({"lora", "x", [=]() -> golden::Values { throw InputError(message); },
                             [] { return golden::Expected(); }, std::move(refusable)})
        .verdict;
  };
  EXPECT_EQ(verdict("config.json: use_x is set", {"use_x"}), golden::Verdict::kRefused);
  EXPECT_EQ(verdict("config.json: use_y is set", {"use_x"}), golden::Verdict::kFail);
  EXPECT_EQ(verdict("config.json: use_x is set", {}), golden::Verdict::kFail);
}

TEST_F(GoldenCopy, TargetsByExpressionAndUnusedPatternsChangeNoNumber) {
  change_json("lora/ends_with/adapter/adapter_config.json", [](auto& json) {
    json["target_modules"] = R"(.*\.(attn\.c_proj|mlp\.c_fc))";
    json["rank_pattern"] = {{"c_attn", 7}};
    json["fan_in_fan_out"] = false;
  });
  EXPECT_EQ(golden_in(path("lora")).status, 0);
  change_json("lora/ends_with/adapter/adapter_config.json", [](auto& json) {
    json["alpha_pattern"] = {{"mlp.c_fc", 3}};
  });
  EXPECT_EQ(golden_in(path("lora")).status, 1);
}

TEST_F(GoldenCopy, AFamilyIsRecognisedByItsFiles) {
  for (const std::string& family : kBuilt) {
    if (family == "lora") continue;  // its base model is found relative to its place
    const fs::path other = dir_ / "another_name";
    fs::rename(dir_ / family, other);
    const Outcome result = golden_in(other.string());
    EXPECT_EQ(result.status, 0) << result.output;
    EXPECT_EQ(result.output.find("\n" + family + " "), result.output.find('\n')) << result.output;
    fs::rename(other, dir_ / family);
  }
}

TEST_F(GoldenCopy, UnknownFoldersAndEmptyFamiliesAreBadInput) {
  EXPECT_THROW(run_golden(path("nowhere"), {}, false), InputError);
  EXPECT_THROW(run_golden(path("ops/index.json"), {}, false), InputError);
  EXPECT_THROW(run_golden(path("gpt2/b/model"), {}, false), InputError);
  EXPECT_THROW(run_golden(dir_.string(), {"align"}, false), InputError);
  EXPECT_THROW(run_golden(dir_.string(), {"spelling"}, false), UsageError);

  fs::create_directory(path("something"));
  EXPECT_THROW(run_golden(dir_.string(), {}, false), InputError);
  fs::remove(path("something"));

  fs::create_directories(path("gpt2/d"));
  EXPECT_THROW(run_golden(path("gpt2"), {}, false), InputError);

  write_file(path("ops/index.json"), "[]");
  EXPECT_THROW(run_golden(path("ops"), {}, false), InputError);
  write_file(path("ops/index.json"), "[{}]");
  EXPECT_THROW(run_golden(path("ops"), {}, false), InputError);
  fs::remove_all(path("bad"));
  fs::create_directory(path("bad"));
  EXPECT_THROW(run_golden(path("bad"), {}, false), InputError);
}

TEST_F(GoldenCopy, AFamilyThatIsNotBuiltCountsUnlessLeftOut) {
  fs::create_directory(path("align"));
  const Outcome all = golden_in(dir_.string());
  EXPECT_EQ(all.status, 1);
  EXPECT_EQ(lines_with(all.output, "NOT BUILT"), 1) << all.output;
  EXPECT_EQ(golden_in(dir_.string(), kBuilt).status, 0);
}

TEST_F(GoldenCopy, WithJsonEveryLineIsAnObject) {
  const Outcome result = golden_in(dir_.string(), kBuilt, /*json=*/true);
  std::istringstream stream(result.output);
  int rows = 0;
  for (std::string line; std::getline(stream, line); ++rows) {
    EXPECT_TRUE(nlohmann::json::parse(line).is_object()) << line;
  }
  EXPECT_GT(rows, 50);
}

TEST(GoldenCompare, ZerosAreComparedExactly) {
  golden::Values got;
  got.put("g", std::vector<double>{0, 1e-300});
  golden::Expected expected;
  expected.put("g", std::vector<double>{0, 0}, {.relative = 1e-9});
  EXPECT_FALSE(golden::compare(got, expected).holds);
}

TEST(GoldenCompare, ExpectedValuesAreOpenedAfterTheResultsExist) {
  bool computed = false, in_order = false;
  const golden::Case c{"family",
                       "case",
                       [&] {
                         computed = true;
                         golden::Values values;
                         values.put("x", 1);
                         return values;
                       },
                       [&] {
                         in_order = computed;
                         golden::Expected expected;
                         expected.put("x", 1.0, {});
                         return expected;
                       },
                       {}};
  EXPECT_EQ(golden::run_case(c).verdict, golden::Verdict::kPass);
  EXPECT_TRUE(in_order);
}

}  // namespace
}  // namespace pupil
