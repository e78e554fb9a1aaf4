// What `sft` and its relatives offer a trainer, as a user meets it: dry run, best model, weights,
// penalties.
#include <nlohmann/json.hpp>

#include "nn/file.h"
#include "nn/safetensors.h"
#include "tests/command.h"
#include "tests/tiny_model.h"

namespace pupil::test {
namespace {

using nlohmann::json;

class TrainingCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_PROGRAM();
    std::filesystem::create_directory(path("model"));
    write_byte_model(path("model"));
    files.write(
        "talk.jsonl",
        R"({"messages":[{"role":"user","content":"ab"},{"role":"assistant","content":"cd"},)"
        R"({"role":"user","content":"e"},{"role":"assistant","content":"f","weight":0.5}]})"
        "\n"
        R"({"messages":[{"role":"user","content":"gh"},{"role":"assistant","content":"ij"}]})"
        "\n");
    files.write(
        "pairs.jsonl",
        "{\"prompt\":\"ab\",\"completion\":\"cd\"}\n{\"prompt\":\"e\",\"completion\":\"f\"}\n");
  }
  std::string path(const std::string& name) const { return files.path() + "/" + name; }
  Ran run(std::vector<std::string> arguments) {
    Ran ran = run_pupil(arguments);
    EXPECT_EQ(ran.status, 0) << arguments[0] << "\n" << ran.err;
    return ran;
  }
  std::vector<std::string> with_data(const std::string& command, const std::string& data,
                                     const std::vector<std::string>& more) const {
    std::vector<std::string> list{command,    "--model", path("model"), "--data",
                                  path(data), "--dtype", "f64",         "--quiet"};
    list.insert(list.end(), more.begin(), more.end());
    return list;
  }
  std::vector<json> metrics(const std::string& folder) const {
    std::vector<json> lines;
    for (const auto& line : lines_of(read_file(path(folder) + "/metrics.jsonl"))) {
      lines.push_back(json::parse(line));
    }
    return lines;
  }
  TemporaryFolder files;
};

TEST_F(TrainingCommand, DryRunShowsTheFirstBatchAndItsCounts) {
  const Ran plain = run(with_data("sft", "pairs.jsonl",
                                  {"--out", path("none"), "--dry-run", "--order", "file",
                                   "--micro-batch-size", "1", "--accumulate", "2"}));
  EXPECT_NE(plain.out.find("ab[[cd<|endoftext|>]]\n"), std::string::npos) << plain.out;
  EXPECT_EQ(plain.out.find("e[[f"), std::string::npos) << "only the first micro-batch is shown";
  EXPECT_NE(plain.out.find("2 records, 8 tokens, 5 supervised (62.5 %)"), std::string::npos)
      << plain.out;
  EXPECT_FALSE(folder_exists(path("none")));

  const json got = json::parse(run(with_data("sft", "talk.jsonl",
                                             {"--out", path("none"), "--dry-run", "--order", "file",
                                              "--json", "--micro-batch-size", "2"}))
                                   .out);
  ASSERT_EQ(got["first_batch"].size(), 2u);
  const json first = got["first_batch"][0];
  EXPECT_NE(first["text"].get<std::string>().find("<|im_start|>assistant\ncd<|im_end|>"),
            std::string::npos);
  EXPECT_EQ(first["ids"].size(), first["mask"].size());
  EXPECT_TRUE(first.contains("weights"));
  EXPECT_FALSE(got["first_batch"][1].contains("weights"));
  int supervised = 0;
  for (const json& record : got["first_batch"]) {
    for (const int m : record["mask"]) supervised += m;
  }
  EXPECT_EQ(got["targets"], supervised);
}

TEST_F(TrainingCommand, TheBestModelByEvaluationIsKept) {
  const std::vector<std::string> options{
      "--out",        path("tuned"), "--eval-data", path("pairs.jsonl"),
      "--eval-every", "1",           "--steps",     "6",
      "--lr",         "0.5",         "--schedule",  "constant",
      "--save-dtype", "f64",         "--json",      "--order",
      "file"};
  const json got = json::parse(run(with_data("sft", "pairs.jsonl", options)).out);
  double lowest = INFINITY;
  int at = 0;
  for (const json& line : metrics("tuned")) {
    if (!line.contains("val_loss") || line["val_loss"] >= lowest) continue;
    lowest = line["val_loss"];
    at = line["step"];
  }
  EXPECT_EQ(got["best_val_loss"], lowest);
  EXPECT_EQ(got["best_step"], at);
  // The best model scores what the evaluation said.
  double sum = 0;
  int targets = 0;
  for (const auto& line : lines_of(run({"score", "--model", path("tuned/best"), "--data",
                                        path("pairs.jsonl"), "--dtype", "f64", "--quiet"})
                                       .out)) {
    sum += json::parse(line)["loss_sum"].get<double>();
    targets += json::parse(line)["n_targets"].get<int>();
  }
  EXPECT_NEAR(sum / targets, lowest, 1e-12 * lowest);

  // A new run in the same folder does not leave the old best behind.
  run(with_data("sft", "pairs.jsonl", {"--out", path("tuned"), "--steps", "1", "--overwrite"}));
  EXPECT_FALSE(folder_exists(path("tuned/best")));
}

TEST_F(TrainingCommand, PromptLossWeightWeighsScoresGradientsAndTraining) {
  const auto score = [&](const std::string& weight, const std::string& mask) {
    double sum = 0;
    for (const auto& line : lines_of(
             run(with_data("score", "talk.jsonl", {"--prompt-loss-weight", weight, "--mask", mask}))
                 .out)) {
      sum += json::parse(line)["loss_sum"].get<double>();
    }
    return sum;
  };
  const double masked = score("0", "assistant"), all = score("0", "all");
  EXPECT_GT(all, masked);
  EXPECT_NEAR(score("0.25", "assistant"), masked + 0.25 * (all - masked), 1e-9);

  const auto loss = [&](const std::vector<std::string>& more) {
    auto options = more;
    options.insert(options.end(), {"--out", path("g.safetensors")});
    return json::parse(run(with_data("grads", "talk.jsonl", options)).out)["loss"].get<double>();
  };
  double weight = 0;  // the sum of the weights is the denominator
  for (const auto& line : lines_of(run(with_data("score", "talk.jsonl", {})).out)) {
    const json record = json::parse(line);
    for (std::size_t t = 1; t < record["ids"].size(); ++t) {
      weight += record.contains("weights") ? record["weights"][t].get<double>()
                                           : record["mask"][t].get<double>();
    }
  }
  EXPECT_NEAR(loss({}), masked / weight, 1e-12 * masked);
  EXPECT_NEAR(loss({"--normaliser", "examples"}), masked / 2, 1e-12 * masked);

  run(with_data("sft", "talk.jsonl", {"--out", path("tuned"), "--steps", "1", "--order", "file"}));
  EXPECT_NEAR(metrics("tuned")[0]["loss"], masked / weight, 1e-12 * masked);
  EXPECT_EQ(run_pupil(with_data("grads", "talk.jsonl",
                                {"--prompt-loss-weight", "-1", "--out", path("g")}))
                .status,
            2);
}

// Loss, gradient norm and final weights of a run in which every step has 16 records. NB: without a
// pull to the start; Adam would shake weights that no data moves (docs/training.md).
TEST_F(TrainingCommand, EveryFactorisationOf16RecordsIsTheSameRun) {
  std::string records;
  for (int i = 0; i < 32; ++i) {
    records += json{{"prompt", std::string(std::size_t(1 + i % 7), char('a' + i % 5))},
                    {"completion", std::string(std::size_t(i % 4 * 5), char('k' + i % 9))}}
                   .dump() +
               "\n";
  }
  files.write("many.jsonl", records);
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{},
        {"--normaliser", "examples", "--label-smoothing", "0.1"},
        {"--neftune-alpha", "5", "--kl-weight", "0.5"}}) {
    std::vector<json> want;
    for (const int size : {16, 8, 4, 2, 1}) {
      const std::string out = "by" + std::to_string(size);
      std::vector<std::string> options{"--out",
                                       path(out),
                                       "--steps",
                                       "4",
                                       "--lr",
                                       "0.01",
                                       "--order",
                                       "file",
                                       "--save-dtype",
                                       "f64",
                                       "--micro-batch-size",
                                       std::to_string(size),
                                       "--accumulate",
                                       std::to_string(16 / size),
                                       "--overwrite"};
      options.insert(options.end(), more.begin(), more.end());
      run(with_data("sft", "many.jsonl", options));
      const auto got = metrics(out);
      ASSERT_EQ(got.size(), 4u);
      if (want.empty()) want = got;
      for (std::size_t i = 0; i < got.size(); ++i) {
        for (const char* field : {"loss", "grad_norm", "n_targets", "tokens"}) {
          const double x = want[i][field];
          EXPECT_NEAR(got[i][field].get<double>(), x, 1e-10 * x)
              << field << " of step " << i + 1 << ", micro-batches of " << size;
        }
      }
      const SafetensorsFile a(path(out) + "/model.safetensors"),
          b(path("by16") + "/model.safetensors");
      for (const auto& [name, entry] : b.entries()) {
        const Tensor x = a.read(name, DType::kFloat64), y = b.read(name, DType::kFloat64);
        for (std::int64_t i = 0; i < y.numel(); ++i) {
          ASSERT_NEAR(x.data<double>()[i], y.data<double>()[i], 1e-10) << name << ", " << size;
        }
      }
    }
  }
}

TEST_F(TrainingCommand, PenaltiesAndNoiseAreRecordedAndChangeTheRun) {
  const auto train = [&](const std::string& out, const std::vector<std::string>& more) {
    std::vector<std::string> options{"--out",   path(out), "--steps",      "3",  "--lr", "0.1",
                                     "--order", "file",    "--save-dtype", "f64"};
    options.insert(options.end(), more.begin(), more.end());
    run(with_data("sft", "pairs.jsonl", options));
    return metrics(out);
  };
  const auto plain = train("plain", {});
  EXPECT_FALSE(plain[0].contains("kl") || plain[0].contains("l2_to_start"));
  const auto noisy = train("noisy", {"--neftune-alpha", "5"});
  EXPECT_NE(noisy[0]["loss"], plain[0]["loss"]);
  const auto kept = train("kept", {"--kl-weight", "0.5", "--l2-to-start", "0.25"});
  EXPECT_EQ(kept[0]["loss"], plain[0]["loss"]) << "at the start both penalties are 0";
  EXPECT_NEAR(kept[0]["kl"].get<double>(), 0, 1e-12);
  EXPECT_EQ(kept[0]["l2_to_start"], 0);
  EXPECT_GT(kept[2]["kl"], 1e-6);
  EXPECT_GT(kept[2]["l2_to_start"], 1e-6);
  const json record = json::parse(read_file(path("kept/run.json")));
  EXPECT_EQ(record["kl_weight"], 0.5);
  EXPECT_EQ(record["l2_to_start"], 0.25);
  EXPECT_EQ(json::parse(read_file(path("noisy/run.json")))["neftune_alpha"], 5);
}

TEST_F(TrainingCommand, RefusesToOverwriteItsModelAndToEvaluateOnNothing) {
  const auto refused = [&](std::vector<std::string> more, const std::string& part) {
    const Ran ran = run_pupil(with_data("sft", "pairs.jsonl", more));
    EXPECT_EQ(ran.status, 2) << ran.err;
    EXPECT_NE(ran.err.find(part), std::string::npos) << ran.err;
  };
  refused({"--out", path("model/../model")}, "which would be overwritten");
  refused({"--out", path("out"), "--eval-every", "2"}, "--eval-every needs --eval-data");
  refused({"--out", path("out"), "--patience", "2"}, "--patience needs --eval-data");
}

TEST_F(TrainingCommand, AnAdapterTrainsEachSpecialTokenOnceAndIsNoModel) {
  run(with_data("sft", "talk.jsonl",
                {"--out", path("lora"), "--steps", "1", "--lora-rank", "2", "--lora-special-tokens",
                 "<|im_start|>,<|im_end|>"}));
  const json config = json::parse(read_file(path("lora/adapter_config.json")));
  EXPECT_EQ(config["trainable_token_indices"]["wte"].size(), 2u);
  const Ran ran = run_pupil({"inspect", path("lora")});
  EXPECT_EQ(ran.status, 0) << ran.err;
  const Ran chat = run_pupil({"chat", "--model", path("lora")});
  EXPECT_NE(chat.err.find("holds an adapter, not a model"), std::string::npos) << chat.err;
}

}  // namespace
}  // namespace pupil::test
