// The reference values of family sft come out of the commands: render, sft, score, grads.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "nn/file.h"
#include "nn/safetensors.h"
#include "tests/command.h"

namespace pupil::test {
namespace {

using nlohmann::json;

class GoldenSftThroughCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_PROGRAM();
    if (!folder_exists(golden())) GTEST_SKIP() << "no " << golden() << " (PUPIL_SHARED)";
  }
  static std::string golden() { return shared_path("golden/sft"); }
  static std::vector<json> lines(const std::string& text) {
    std::vector<json> list;
    for (const auto& line : lines_of(text)) list.push_back(json::parse(line));
    return list;
  }
  static std::string output_of(std::vector<std::string> arguments) {
    arguments.push_back("--quiet");
    const Ran ran = run_pupil(arguments);
    EXPECT_EQ(ran.status, 0) << fmt::format("{}\n", fmt::join(arguments, " ")) << ran.err;
    return ran.out;
  }
  static std::vector<json> run(const std::vector<std::string>& arguments) {
    return lines(output_of(arguments));
  }
  std::string path(const std::string& name) const { return files.path() + "/" + name; }
  TemporaryFolder files;
};

TEST_F(GoldenSftThroughCommands, RenderGivesTextIdsAndMask) {
  const struct {
    const char *file, *format, *chat_template, *mask, *field;
  } cases[] = {{"chatml", "messages", "chatml", "assistant", "mask_assistant"},
               {"chatml", "messages", "chatml", "last", "mask_last"},
               {"chatml", "messages", "chatml", "all", "mask_all"},
               {"prompt_completion", "prompt/completion", "plain", "completion", "mask_completion"},
               {"alpaca", "alpaca", "alpaca", "completion", "mask_completion"}};
  for (const auto& c : cases) {
    const std::string file = fmt::format("{}/{}.jsonl", golden(), c.file);
    const auto want = lines(read_file(file));
    const auto got =
        run({"render", "--tokenizer", golden() + "/tokenizer", "--data", file, "--format", c.format,
             "--template", c.chat_template, "--mask", c.mask, "--json"});
    ASSERT_EQ(got.size(), want.size()) << c.file;
    for (std::size_t i = 0; i < got.size(); ++i) {
      SCOPED_TRACE(fmt::format("{} {} record {}", c.file, c.mask, i));
      EXPECT_EQ(got[i]["ids"], want[i]["ids"]);
      EXPECT_EQ(got[i]["mask"], want[i][c.field]);
      if (!want[i].contains("text")) continue;
      // alpaca's text leaves the end of text out.
      EXPECT_EQ(got[i]["text"].get<std::string>(),
                want[i]["text"].get<std::string>() +
                    (std::string(c.file) == "alpaca" ? "<|endoftext|>" : ""));
    }
  }
}

TEST_F(GoldenSftThroughCommands, SftTakesTheSameStepsAndEndsAtTheSameWeights) {
  const json expected = json::parse(read_file(golden() + "/run/expected.json"));
  const json& s = expected["settings"];
  output_of({"sft",
             "--model",
             golden() + "/run/model",
             "--data",
             golden() + "/run/data.jsonl",
             "--out",
             path("tuned"),
             "--order",
             "file",
             "--dtype",
             "f64",
             "--save-dtype",
             "f64",
             "--schedule",
             s["schedule"],
             "--warmup",
             s["warmup"].dump(),
             "--steps",
             s["steps"].dump(),
             "--lr",
             s["peak_lr"].dump(),
             "--micro-batch-size",
             s["micro_batch"].dump(),
             "--accumulate",
             s["accumulate"].dump(),
             "--clip",
             s["clip"].dump(),
             "--weight-decay",
             s["weight_decay"].dump(),
             "--eps",
             s["eps"].dump()});
  const auto got = lines(read_file(path("tuned/metrics.jsonl")));
  ASSERT_EQ(got.size(), expected["steps"].size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const json& want = expected["steps"][i];
    EXPECT_EQ(got[i]["step"], want["step"]);
    EXPECT_EQ(got[i]["n_targets"], want["n_targets"]);
    for (const char* field : {"loss", "grad_norm", "lr"}) {
      const double x = want[field];
      EXPECT_NEAR(got[i][field].get<double>(), x, 1e-9 * std::abs(x))
          << field << ", step " << i + 1;
    }
    EXPECT_NEAR(got[i]["loss"].get<double>(), want["trl_loss"].get<double>(), 1e-5);
  }
  const SafetensorsFile tuned(path("tuned/model.safetensors")),
      want(golden() + "/run/expected_trained.safetensors");
  for (const auto& [name, entry] : want.entries()) {
    const auto a = tuned.read(name, DType::kFloat64), b = want.read(name, DType::kFloat64);
    for (std::int64_t i = 0; i < b.numel(); ++i) {
      // The key part of c_attn.bias has the gradient 0: Adam turns rounding noise into a drift.
      ASSERT_NEAR(a.data<double>()[i], b.data<double>()[i], 2e-9) << name << "[" << i << "]";
    }
  }
}

TEST_F(GoldenSftThroughCommands, GradsAndScoreGiveTheFirstStep) {
  const json first = json::parse(read_file(golden() + "/run/expected.json"))["steps"][0];
  std::string four;
  const auto records = lines_of(read_file(golden() + "/run/data.jsonl"));
  for (int i = 0; i < 4; ++i) four += records[std::size_t(i)] + "\n";
  const std::string data = files.write("four.jsonl", four), model = golden() + "/run/model";
  const double loss = first["loss"], norm = first["grad_norm"];
  for (const char* size : {"1", "2", "4"}) {
    const auto got = run({"grads", "--model", model, "--data", data, "--dtype", "f64",
                          "--micro-batch-size", size, "--out", path("g.safetensors")})[0];
    EXPECT_NEAR(got["loss"], loss, 1e-9 * loss);
    EXPECT_NEAR(got["grad_norm"], norm, 1e-9 * norm);
    EXPECT_EQ(got["n_targets"], first["n_targets"]);
  }
  double sum = 0, targets = 0;
  for (const json& line : run({"score", "--model", model, "--data", data, "--dtype", "f64"})) {
    sum += line["loss_sum"].get<double>();
    targets += line["n_targets"].get<double>();
  }
  EXPECT_NEAR(sum / targets, loss, 1e-9 * loss);
}

}  // namespace
}  // namespace pupil::test
