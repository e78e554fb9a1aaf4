// The reference values of transformers, PEFT and PyTorch come out of the commands, in float64: what
// lies in tests/golden always, the whole set where it is found.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "nn/file.h"
#include "nn/safetensors.h"
#include "tests/command.h"
#include "tests/tiny_model.h"

namespace pupil::test {
namespace {

using nlohmann::json;

constexpr double kModelTolerance = 1e-9, kSamplingTolerance = 1e-10;

std::string in_sources(const std::string& name) {
  return std::string(PUPIL_SOURCE_DIR) + "/tests/golden/" + name;
}
json read(const std::string& path) { return json::parse(read_file(path)); }

// |got - want| relative to the largest |want|.
void expect_close(std::span<const double> got, std::span<const double> want,
                  const std::string& what, double relative = kModelTolerance, double absolute = 0) {
  ASSERT_EQ(got.size(), want.size()) << what;
  double largest = 0, worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    largest = std::max(largest, std::abs(want[i]));
    worst = std::max(worst, std::abs(got[i] - want[i]));
  }
  EXPECT_LE(worst, std::max(absolute, relative * largest)) << what;
}
void expect_number(double got, double want, const std::string& what) {
  expect_close(std::span(&got, 1), std::span(&want, 1), what);
}

// Every tensor of `want` is in `got`, and nothing else is.
void expect_same_tensors(const std::string& got, const std::string& want, double absolute = 0) {
  const SafetensorsFile a(got), b(want);
  EXPECT_EQ(a.entries().size(), b.entries().size()) << got;
  for (const auto& [name, entry] : b.entries()) {
    ASSERT_TRUE(a.contains(name)) << got << " lacks " << name;
    EXPECT_EQ(a.entries().at(name).dtype, "F64") << name;
    EXPECT_EQ(a.entries().at(name).shape, entry.shape) << name;
    expect_close(a.read(name, DType::kFloat64).span<double>(),
                 b.read(name, DType::kFloat64).span<double>(), name, kModelTolerance, absolute);
  }
}

// One model folder of family gpt2, or an adapter of family lora on its base.
struct Reference {
  std::string folder, model, adapter, data;

  std::vector<std::string> arguments(const std::string& command) const {
    std::vector<std::string> list{command, "--model", model, "--data",
                                  data,    "--dtype", "f64", "--quiet"};
    if (!adapter.empty()) list.insert(list.end(), {"--adapter", adapter});
    return list;
  }
  bool has(const std::string& name) const { return file_exists(folder + "/" + name); }
};

Reference gpt2(const std::string& folder) {
  return {folder, folder + "/model", "", folder + "/batch.jsonl"};
}
Reference lora(const std::string& folder) {
  const std::string base = folder + "/../../gpt2/b";
  return {folder, base + "/model", folder + "/adapter", base + "/batch.jsonl"};
}

// The folders of this clone, then those of the whole set.
std::vector<Reference> models() {
  std::vector<Reference> list{gpt2(in_sources("gpt2/b"))};
  for (const char* name : {"a", "b", "c"}) {
    const std::string folder = shared_path(std::string("golden/gpt2/") + name);
    if (folder_exists(folder)) list.push_back(gpt2(folder));
  }
  return list;
}
std::vector<Reference> adapters() {
  std::vector<Reference> list{lora(in_sources("lora/ends_with"))};
  for (const char* name : {"plain", "all_rs", "ends_with", "saved_norm"}) {
    const std::string folder = shared_path(std::string("golden/lora/") + name);
    if (folder_exists(folder)) list.push_back(lora(folder));
  }
  return list;
}
std::vector<Reference> all() {
  std::vector<Reference> list = models();
  for (const Reference& r : adapters()) list.push_back(r);
  return list;
}

class GoldenThroughCommands : public ::testing::Test {
 protected:
  void SetUp() override { SKIP_WITHOUT_PROGRAM(); }
  Ran run(std::vector<std::string> arguments, const std::vector<std::string>& more = {}) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    Ran ran = run_pupil(arguments);
    EXPECT_EQ(ran.status, 0) << fmt::format("{}\n", fmt::join(arguments, " ")) << ran.err;
    return ran;
  }
  std::string path(const std::string& name) const { return files.path() + "/" + name; }
  TemporaryFolder files;
};

TEST_F(GoldenThroughCommands, ScoreGivesTheLogProbabilities) {
  for (const Reference& r : models()) {
    const json expected = read(r.folder + "/expected.json")["records"];
    const auto lines = lines_of(run(r.arguments("score")).out);
    ASSERT_EQ(lines.size(), expected.size()) << r.folder;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      SCOPED_TRACE(fmt::format("{} record {}", r.folder, i));
      const json got = json::parse(lines[i]), want = expected[i];
      EXPECT_EQ(got["n_targets"], want["n_targets"]);
      EXPECT_TRUE(got["logprobs"][0].is_null());
      expect_number(got["loss_sum"], want["loss_sum"], "loss_sum");
      const auto tail = [](const json& list) {
        std::vector<double> values;
        for (std::size_t t = 1; t < list.size(); ++t) values.push_back(list[t]);
        return values;
      };
      expect_close(tail(got["logprobs"]), tail(want["logprobs"]), "logprobs");
    }
  }
}

TEST_F(GoldenThroughCommands, ScoreWritesTheLogits) {
  int compared = 0;
  for (const Reference& r : all()) {
    if (!r.has("expected.safetensors")) continue;
    run(r.arguments("score"), {"--logits", path("logits.safetensors")});
    expect_same_tensors(path("logits.safetensors"), r.folder + "/expected.safetensors");
    ++compared;
  }
  for (const char* form : {"sharded", "no_prefix", "bf16", "f16"}) {
    const std::string folder = shared_path("golden/gpt2/forms");
    const std::string expected = fmt::format("{}/expected_{}.safetensors", folder, form);
    if (!file_exists(expected)) continue;
    const Reference r{folder, folder + "/" + form, "", folder + "/batch.jsonl"};
    run(r.arguments("score"), {"--logits", path("logits.safetensors")});
    expect_same_tensors(path("logits.safetensors"), expected);
    ++compared;
  }
  if (compared == 0) GTEST_SKIP() << "no logits under " << shared_path("golden");
}

TEST_F(GoldenThroughCommands, GradsGivesLossNormAndEveryGradient) {
  for (const Reference& r : all()) {
    const json expected = read(r.folder + "/expected.json");
    const std::string out = path("grads.safetensors");
    const json got = json::parse(run(r.arguments("grads"), {"--out", out}).out);
    SCOPED_TRACE(r.folder);
    EXPECT_EQ(got["n_targets"], expected["n_targets"]);
    expect_number(got["loss"], expected["loss"], "loss");
    expect_number(got["grad_norm"], expected["grad_norm"], "grad_norm");
    if (!r.has("expected_grads.safetensors")) continue;
    // Where a gradient is 0 in truth (the key part of c_attn.bias) only rounding noise is there.
    expect_same_tensors(out, r.folder + "/expected_grads.safetensors", 1e-12);
  }
}

TEST_F(GoldenThroughCommands, GradsAreTheSameForEverySplitAndPadSide) {
  const Reference r = gpt2(in_sources("gpt2/b"));
  run(r.arguments("grads"), {"--out", path("whole.safetensors")});
  for (const auto& [option, value] : {std::pair{"--micro-batch-size", "1"},
                                      {"--micro-batch-size", "2"},
                                      {"--pad-side", "left"}}) {
    run(r.arguments("grads"), {option, value, "--out", path("split.safetensors")});
    expect_same_tensors(path("split.safetensors"), path("whole.safetensors"), 1e-12);
  }
}

TEST_F(GoldenThroughCommands, SftTakesTheSameStepsAndEndsAtTheSameWeights) {
  int index = 0;
  for (const Reference& r : all()) {
    const json train = read(r.folder + "/expected.json")["train"];
    const json& settings = train["settings"];
    const auto number = [&](const char* name) { return settings[name].dump(); };
    const std::string out = path(fmt::format("tuned{}", index++));
    run(r.arguments("sft"), {"--out",
                             out,
                             "--order",
                             "file",
                             "--save-dtype",
                             "f64",
                             "--schedule",
                             "constant",
                             "--micro-batch-size",
                             "100",
                             "--steps",
                             number("steps"),
                             "--lr",
                             number("lr"),
                             "--betas",
                             settings["betas"][0].dump() + "," + settings["betas"][1].dump(),
                             "--eps",
                             number("eps"),
                             "--weight-decay",
                             number("weight_decay"),
                             "--clip",
                             number("clip")});
    SCOPED_TRACE(r.folder);
    const auto lines = lines_of(read_file(out + "/metrics.jsonl"));
    ASSERT_EQ(lines.size(), train["steps"].size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const json line = json::parse(lines[i]);
      EXPECT_EQ(line["step"], i + 1);
      expect_number(line["loss"], train["steps"][i]["loss"], "loss");
      expect_number(line["grad_norm"], train["steps"][i]["grad_norm"], "grad_norm");
    }
    if (!r.has("expected_trained.safetensors")) continue;
    const char* weights = r.adapter.empty() ? "/model.safetensors" : "/adapter_model.safetensors";
    expect_same_tensors(out + weights, r.folder + "/expected_trained.safetensors", 1e-9);
  }
}

TEST_F(GoldenThroughCommands, MergeFoldsTheAdapterIn) {
  int index = 0;
  for (const Reference& r : adapters()) {
    const std::string merged = path(fmt::format("merged{}", index++));
    run({"merge", "--model", r.model, "--adapter", r.adapter, "--out", merged, "--save-dtype",
         "f64"});
    // The merged model computes what base and adapter compute.
    run(r.arguments("score"), {"--logits", path("adapter.safetensors")});
    run({"score", "--model", merged, "--data", r.data, "--dtype", "f64", "--logits",
         path("merged.safetensors")});
    expect_same_tensors(path("merged.safetensors"), path("adapter.safetensors"));
    if (!r.has("expected_merged.safetensors")) continue;
    expect_same_tensors(merged + "/model.safetensors", r.folder + "/expected_merged.safetensors");
  }
}

TEST_F(GoldenThroughCommands, GenerateChoosesTheSameIdsWithAndWithoutCache) {
  for (const Reference& r : models()) {
    const json expected = read(r.folder + "/greedy.json");
    std::string prompts;
    for (const json& entry : expected) prompts += json{{"ids", entry["prompt_ids"]}}.dump() + "\n";
    for (const char* cache : {"--dtype=f64", "--no-cache"}) {
      const auto lines = lines_of(
          run({"generate", "--model", r.model, "--data", files.write("prompts.jsonl", prompts),
               "--temperature", "0", "--max-new-tokens", "10", "--json", cache})
              .out);
      ASSERT_EQ(lines.size(), expected.size());
      for (std::size_t i = 0; i < lines.size(); ++i) {
        const json got = json::parse(lines[i]);
        EXPECT_EQ(got["prompt_ids"], expected[i]["prompt_ids"]);
        EXPECT_EQ(got["ids"], expected[i]["ids"]) << r.folder << " prompt " << i;
      }
    }
  }
}

// A model whose logits are given: the final norm's scale is 0 and its bias (1, 0), so that every
// hidden state is (1, 0), and the head's first column holds the logits.
void write_model_with_logits(const std::string& path, const std::vector<double>& logits,
                             std::int64_t context) {
  const auto V = std::int64_t(logits.size());
  const GptConfig config{.vocab_size = V,
                         .context = context,
                         .n_layer = 1,
                         .n_head = 1,
                         .n_embd = 2,
                         .tied_head = false};
  Gpt gpt(config, [&](const std::string& name, const Shape& shape) {
    Tensor t = Tensor::zeros(shape, DType::kFloat64);
    if (name == "transformer.ln_f.bias") t.data<double>()[0] = 1;
    for (std::int64_t id = 0; name == "lm_head.weight" && id < V; ++id) {
      t.data<double>()[2 * id] = logits[std::size_t(id)];
    }
    return t;
  });
  save_model(path, gpt, {}, SaveType::kF64);
}

TEST_F(GoldenThroughCommands, GenerateProbsGivesTheFilteredDistributions) {
  const auto cases = lines_of(read_file(in_sources("sampling/cases.jsonl")));
  ASSERT_FALSE(cases.empty());
  for (const std::string& text : cases) {
    const json c = json::parse(text);
    const auto logits = c["logits"].get<std::vector<double>>();
    const auto previous = c["previous_ids"].get<std::vector<int>>();
    write_model_with_logits(path("model"), logits, std::int64_t(previous.size()));
    std::vector<std::string> options;
    for (const auto& [name, value] : c["options"].items()) {
      std::string option = "--" + name;
      std::replace(option.begin(), option.end(), '_', '-');
      options.insert(options.end(), {option, value.dump()});
    }
    const Ran ran = run({"generate", "--model", path("model"), "--ids",
                         fmt::format("{}", fmt::join(previous, ",")), "--probs", "--dtype", "f64"},
                        options);
    const auto got = json::parse(ran.out).get<std::vector<double>>();
    const auto want = c["probabilities"].get<std::vector<double>>();
    expect_close(got, want, c["options"].dump(), kSamplingTolerance);
    for (std::size_t id = 0; id < want.size(); ++id) EXPECT_EQ(got[id] == 0, want[id] == 0);
  }
}

TEST_F(GoldenThroughCommands, InspectTellsGoodFilesFromBadOnes) {
  for (const json& entry : read(in_sources("bad/manifest.json"))) {
    const std::string file = in_sources("bad/" + entry["file"].get<std::string>());
    const Ran ran = run_pupil({"inspect", file});
    if (entry["valid"]) {
      EXPECT_EQ(ran.status, 0) << file << ran.err;
      expect_contains(ran.out, "safetensors file");
    } else {
      EXPECT_EQ(ran.status, 3) << file;
      EXPECT_EQ(ran.out, "");
      expect_contains(ran.err, file);
    }
  }
  expect_contains(run_pupil({"inspect", in_sources("bad/nan.safetensors")}).out, "NaN");
}

}  // namespace
}  // namespace pupil::test
