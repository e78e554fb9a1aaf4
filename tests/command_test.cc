// The command line as cli.md fixes it: exit statuses, messages, streams, help.
#include "tests/command.h"

#include <nlohmann/json.hpp>

#include "nn/file.h"
#include "tests/tiny_model.h"

namespace pupil::test {
namespace {

using nlohmann::json;

const std::vector<std::string> kCommands = {"demo",
                                            "pretrain",
                                            "sft",
                                            "score",
                                            "grads",
                                            "generate",
                                            "chat",
                                            "eval",
                                            "render",
                                            "tokenize",
                                            "train-tokenizer",
                                            "merge",
                                            "inspect",
                                            "gradcheck",
                                            "golden",
                                            "bench",
                                            "learn",
                                            "check",
                                            "hint",
                                            "explain",
                                            "solution",
                                            "diff",
                                            "reset",
                                            "undo",
                                            "list",
                                            "status",
                                            "goto",
                                            "mine",
                                            "verify",
                                            "submit",
                                            "doctor",
                                            "lesson",
                                            "book",
                                            "read",
                                            "quiz",
                                            "match",
                                            "classify",
                                            "cards",
                                            "notes",
                                            "staff"};

// A byte-level model, a microworld model and a few records.
class Command : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_PROGRAM();
    write_byte_model(model);
    files.write("one.jsonl", "{\"ids\": [104, 105, 10], \"labels\": [104, 105, -100]}\n");
    files.write("chat.jsonl",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}, "
                "{\"role\": \"assistant\", \"content\": \"hello\"}]}\n");
    files.write("text.txt", std::string(2000, 'a') + std::string(2000, 'b'));
  }
  std::string path(const std::string& name) const { return files.path() + "/" + name; }
  std::vector<std::string> short_sft(const std::string& out) const {
    return {"sft",   "--model", model,     "--data", path("chat.jsonl"),
            "--out", path(out), "--steps", "2"};
  }

  TemporaryFolder files;
  const std::string model = files.path() + "/model";
};

void expect_usage_error(const std::vector<std::string>& arguments, const std::string& message) {
  const Ran ran = run_pupil(arguments);
  EXPECT_EQ(ran.status, 2) << ran.err;
  EXPECT_EQ(ran.out, "");
  expect_contains(ran.err, message);
}

// ---- usage --------------------------------------------------------------------------------------

TEST_F(Command, WithoutOneTheCommandsAreShownAsWrongUsage) {
  const Ran ran = run_pupil({});
  EXPECT_EQ(ran.status, 2);
  for (const std::string& name : kCommands) expect_contains(ran.err, "\n  " + name);
}

TEST_F(Command, HelpOfEachHasPurposeOptionsDefaultsAndAnExample) {
  for (const std::string& name : kCommands) {
    const Ran ran = run_pupil({name, "--help"});
    EXPECT_EQ(ran.status, 0) << name;
    EXPECT_EQ(ran.err, "");
    expect_contains(ran.out, "Usage: pupil " + name);
    expect_contains(ran.out, "--seed N");
    expect_contains(ran.out, "[f32]");
    expect_contains(ran.out, "\nExample:\n  ");
    EXPECT_EQ(run_pupil({"help", name}).out, ran.out);
  }
}

TEST_F(Command, TheExampleOfEachWorksAsTyped) {
  // What a clone has, and what `pupil demo` leaves there.
  std::filesystem::create_symlink(program(), path("pupil"));
  for (const char* name : {"tests", "README.md"}) {
    std::filesystem::create_symlink(std::string(PUPIL_SOURCE_DIR) + "/" + name, path(name));
  }
  std::filesystem::create_directory(path("build"));
  write_microworld_model(path("demo/sft"));
  files.write("demo/sft/run.json", "{\"template\": \"microworld\"}");
  for (const std::string& name : kCommands) {
    // These take seconds to minutes; learn waits for saves and keys.
    if (name == "demo" || name == "golden" || name == "bench" || name == "learn" ||
        name == "book") {
      continue;
    }
    const std::string help = run_pupil({name, "--help"}).out;
    const std::string mark = "\nExample:\n  ";
    const std::string example = help.substr(help.find(mark) + mark.size());
    const Ran ran = run_shell(example, files.path());
    // The starter of an exercise is not done.
    EXPECT_EQ(ran.status, name == "check" || name == "verify" ? 1 : 0) << example << ran.err;
  }
}

TEST_F(Command, VersionNamesProgramBuildCpuBlasAndDevices) {
  const Ran ran = run_pupil({"--version"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_TRUE(ran.out.starts_with("pupil ")) << ran.out;
  for (const char* part : {" build", "\ncpu ", "\nkernels ", "\nblas ", "\ndevices  cpu"}) {
    expect_contains(ran.out, part);
  }
}

TEST_F(Command, ThatDoesNotExistIsRefusedAndTheNearestNamed) {
  expect_usage_error({"scor"}, "did you mean score?");
  expect_usage_error({"zzzzzz"}, "there is no command \"zzzzzz\"");
  expect_usage_error({"--json", "score"}, "pupil COMMAND [OPTIONS]");
  expect_usage_error({"score", "--modle", "x"},
                     "there is no option --modle; did you mean --model?");
  expect_usage_error({"inspect", "a", "b"}, "\"b\" is one word too many");
}

TEST_F(Command, OptionsAreCompleteOnceAndHaveAValue) {
  expect_usage_error({"score", "--model", "m"}, "--data is missing");
  expect_usage_error({"score", "--model"}, "--model needs a value");
  expect_usage_error({"inspect"}, "PATH is missing");
  expect_usage_error({"sft", "--lr", "1", "--lr", "2"}, "--lr is given twice");
  expect_usage_error({"generate", "--model", "m"}, "give one of --prompt, --ids and --data");
  expect_usage_error({"generate", "--model", "m", "--ids", "1", "--prompt", "a"}, "give one of");
  expect_usage_error({"merge", "--model", "m", "--out", "o"}, "--adapter");
}

TEST_F(Command, ValuesOfOptionsAreNumbersInRangeAndKnownWords) {
  struct Case {
    std::vector<std::string> arguments;
    std::string message;
  };
  for (const auto& [arguments, message] : std::vector<Case>{
           {{"sft", "--lr", "nan"}, "--lr is \"nan\"; expected a finite number"},
           {{"sft", "--lr", "-inf"}, "--lr is \"-inf\"; expected a finite number"},
           {{"sft", "--lr", "1e999"}, "expected a finite number"},
           {{"sft", "--lr", "1x"}, "--lr is \"1x\"; expected a number"},
           {{"sft", "--lr", "-1"}, "--lr is \"-1\"; expected at least 0"},
           {{"sft", "--lr="}, "--lr"},
           {{"sft", "--steps", "1e3"}, "--steps is \"1e3\"; expected a whole number"},
           {{"sft", "--steps", "99999999999999999999"}, "expected a number below 2^63"},
           {{"sft", "--steps", "-3"}, "expected at least 0"},
           {{"sft", "--micro-batch-size", "0"}, "expected at least 1"},
           {{"sft", "--accumulate", "9000000000000000000"}, "expected at most 2147483647"},
           {{"sft", "--lora-rank", "-1"}, "--lora-rank"},
           {{"sft", "--lora-dropout", "1"}, "expected a number below 1"},
           {{"sft", "--label-smoothing", "1.5"}, "--label-smoothing"},
           {{"sft", "--betas", "0.9,,1"}, "--betas"},
           {{"sft", "--mask", "nope"}, "--mask: \"nope\""},
           {{"sft", "--template", "nope"}, "--template: \"nope\""},
           {{"sft", "--format", "nope"}, "--format: \"nope\""},
           {{"sft", "--normaliser", "constant:0"}, "--normaliser"},
           {{"sft", "--schedule", "nope"}, "expected constant, linear, cosine, wsd"},
           {{"sft", "--truncate", "middle"}, "expected start, end, drop, error"},
           {{"sft", "--pack", "loose"}, "--pack is \"loose\""},
           {{"generate", "--ids", "1,x"}, "--ids is \"x\""},
           {{"generate", "--ids", "1,-2"}, "--ids is \"-2\"; expected at least 0"},
           {{"generate", "--ids", ""}, "--ids is \"\""},
           {{"generate", "--temperature", "-0.5"}, "--temperature"},
           {{"generate", "--seed", "-1"}, "--seed is \"-1\""},
           {{"generate", "--threads", "99999"}, "--threads"},
           {{"generate", "--dtype", "f16"}, "expected f32, f64, bf16"},
           {{"generate", "--device", "tpu"}, "expected cpu, cuda, auto"},
           {{"pretrain", "--dropout", "1"}, "--dropout"},
           {{"pretrain", "--bias", "yes"}, "--bias is \"yes\"; expected on or off"},
           {{"pretrain", "--text", "a", "--out", "b", "--dim", "10", "--heads", "3"},
            "--dim is 10; expected a multiple of --heads 3"},
           {{"bench", "nope"}, "\"nope\""},
           {{"gradcheck", "--dtype", "f32"}, "--dtype is f32"},
           {{"gradcheck", "nope"}, "no operation \"nope\""}}) {
    SCOPED_TRACE(arguments[0] + " " + arguments[1]);
    expect_usage_error(arguments, message);
  }
}

TEST_F(Command, Bf16IsWrongUsageOnTheCpuAndCudaAMissingDevice) {
  const std::vector<std::string> base{"generate", "--model", model, "--ids", "1"};
  auto bf16 = base, cuda = base;
  bf16.insert(bf16.end(), {"--dtype", "bf16"});
  cuda.insert(cuda.end(), {"--device", "cuda"});
  expect_usage_error(bf16, "--dtype bf16");
  const Ran ran = run_pupil(cuda);
  EXPECT_EQ(ran.status, 3);
  expect_contains(ran.err, "--device cuda");
}

// ---- results and logs ---------------------------------------------------------------------------

TEST_F(Command, ResultsGoToStandardOutputAndLogsToStandardError) {
  const Ran ran = run_pupil({"score", "--model", model, "--data", path("one.jsonl")});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(lines_of(ran.out).size(), 1U);
  expect_contains(ran.err, "1 record of form ids");
  const Ran quiet = run_pupil({"score", "--model", model, "--data", path("one.jsonl"), "--quiet"});
  EXPECT_EQ(quiet.out, ran.out);
  EXPECT_EQ(quiet.err, "");
}

TEST_F(Command, JsonResultsAreOneObjectALine) {
  const std::string data = path("one.jsonl");
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"score", "--model", model, "--data", data},
           {"render", "--tokenizer", model, "--data", path("chat.jsonl")},
           {"grads", "--model", model, "--data", data, "--out", path("g.safetensors")},
           {"generate", "--model", model, "--ids", "1,2", "--max-new-tokens", "2", "--json"},
           {"generate", "--model", model, "--ids", "1,2", "--probs", "--json"},
           {"eval", "--model", model, "--suite", data, "--json"},
           {"inspect", model, "--json"},
           {"gradcheck", "exp", "--json"},
           {"pretrain", "--text", path("text.txt"), "--out", path("p"), "--layers", "1", "--dim",
            "8", "--context", "16", "--steps", "2", "--json"},
           {"sft", "--model", model, "--data", data, "--out", path("s"), "--lora-rank", "1",
            "--json"},
           {"sft", "--model", model, "--data", data, "--out", path("d"), "--dry-run", "--json"},
           {"merge", "--model", model, "--adapter", path("s"), "--out", path("m"), "--json"}}) {
    const Ran ran = run_pupil(arguments);
    EXPECT_EQ(ran.status, 0) << arguments[0] << ": " << ran.err;
    EXPECT_FALSE(ran.out.empty()) << arguments[0];
    for (const std::string& line : lines_of(ran.out)) {
      EXPECT_TRUE(json::parse(line, nullptr, false).is_object()) << arguments[0] << ": " << line;
    }
  }
}

TEST_F(Command, ScoreNeverCountsPositionZeroAndItsNumbersAddUp) {
  const Ran ran =
      run_pupil({"score", "--model", model, "--data", path("one.jsonl"), "--dtype", "f64"});
  const json line = json::parse(ran.out);
  EXPECT_EQ(line["mask"], (json{0, 1, 0}));
  EXPECT_EQ(line["n_targets"], 1);
  EXPECT_TRUE(line["logprobs"][0].is_null());
  EXPECT_EQ(line["loss_sum"].get<double>(), -line["logprobs"][1].get<double>());
}

TEST_F(Command, ThatIsNotReadToItsEndEndsQuietly) {
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "{\"ids\": [1, 2, 3]}\n";
  files.write("many.jsonl", many);
  const Ran ran = run_shell("'" + program() + "' score --quiet --model '" + model + "' --data '" +
                                path("many.jsonl") + "' | head -n 1",
                            files.path());
  EXPECT_EQ(lines_of(ran.out).size(), 1U);
  EXPECT_EQ(ran.err, "");
}

TEST_F(Command, WhoseResultsCannotBeWrittenFails) {
  const Ran ran =
      run_pupil({"score", "--model", model, "--data", path("one.jsonl")}, {.out = "/dev/full"});
  EXPECT_EQ(ran.status, 3);
  expect_contains(ran.err, "standard output: cannot write: No space left on device");
}

TEST_F(Command, WithClosedStandardOutputKeepsResultsOutOfItsFiles) {
  const std::string logits = path("logits.safetensors");
  run_pupil({"score", "--model", model, "--data", path("one.jsonl"), "--logits", logits},
            {.out = "-"});
  const Ran ran = run_pupil({"inspect", logits, "--json"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(json::parse(ran.out)["tensors"][0]["name"], "logits.0");
}

// ---- records and templates ----------------------------------------------------------------------

TEST_F(Command, PromptAndCompletionOfMessagesTakeTheTemplateOfConversations) {
  files.write("pc.jsonl",
              "{\"prompt\": [{\"role\": \"user\", \"content\": \"hi\"}], "
              "\"completion\": [{\"role\": \"assistant\", \"content\": \"hello\"}]}\n");
  const auto render = [&](const std::string& file) {
    return run_pupil({"render", "--tokenizer", model, "--data", path(file)}).out;
  };
  EXPECT_EQ(render("pc.jsonl"), render("chat.jsonl"));
  for (const char* name : {"prompt/completion", "prompt-completion"}) {
    const Ran ran =
        run_pupil({"render", "--tokenizer", model, "--data", path("pc.jsonl"), "--format", name});
    EXPECT_EQ(ran.status, 0) << ran.err;
  }
}

TEST_F(Command, TokenizeAndDecodeAreInverse) {
  const std::string text = "a <|im_end|> b\n";
  const Ran ids = run_pupil({"tokenize", "--tokenizer", model}, {.input = text});
  EXPECT_EQ(json::parse(ids.out).size(), text.size() - 1);  // typed text is no special token
  const Ran back = run_pupil({"tokenize", "--tokenizer", model, "--decode"}, {.input = ids.out});
  EXPECT_EQ(json::parse(back.out), "a <|im_end|> b");
}

// ---- runs ---------------------------------------------------------------------------------------

TEST_F(Command, DryRunWritesNothing) {
  auto arguments = short_sft("tuned");
  arguments.push_back("--dry-run");
  const Ran ran = run_pupil(arguments);
  EXPECT_EQ(ran.status, 0) << ran.err;
  expect_contains(ran.out, "1 record,");
  EXPECT_FALSE(std::filesystem::exists(path("tuned")));
}

TEST_F(Command, ResumeWithOtherSettingsNamesThem) {
  EXPECT_EQ(run_pupil(short_sft("tuned")).status, 0);
  auto again = short_sft("tuned");
  again.insert(again.end(), {"--resume", "--lr", "0.5", "--quiet"});
  const Ran ran = run_pupil(again);
  EXPECT_EQ(ran.status, 3);
  expect_contains(ran.err, "lr was 0.0001, now 0.5");
}

TEST_F(Command, ResumeDoesNotMindWhereTheFilesLie) {
  EXPECT_EQ(run_pupil(short_sft("tuned")).status, 0);
  const Ran ran = run_pupil({"sft", "--model", "model", "--data", "chat.jsonl", "--out", "tuned",
                             "--steps", "2", "--resume"},
                            {.folder = files.path()});
  EXPECT_EQ(ran.status, 0) << ran.err;
  expect_contains(ran.err, "resumed at step 2");
}

TEST_F(Command, AnAdapterThatBroughtSpecialTokensIsReadAgain) {
  auto train = short_sft("lora");
  train.insert(train.end(), {"--lora-rank", "2", "--lr", "0.1"});
  EXPECT_EQ(run_pupil(train).status, 0);
  const auto score = [&](std::vector<std::string> which) {
    std::vector<std::string> arguments{"score", "--data", path("chat.jsonl"), "--dtype", "f64"};
    arguments.insert(arguments.end(), which.begin(), which.end());
    const Ran ran = run_pupil(arguments);
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ran.out.empty() ? 0.0 : json::parse(ran.out)["loss_sum"].get<double>();
  };
  EXPECT_EQ(run_pupil({"merge", "--model", model, "--adapter", path("lora"), "--out",
                       path("merged"), "--save-dtype", "f64"})
                .status,
            0);
  const double with_adapter = score({"--model", model, "--adapter", path("lora")});
  EXPECT_NEAR(score({"--model", path("merged")}), with_adapter, 1e-9);
  EXPECT_NE(score({"--model", model}), with_adapter);
}

TEST_F(Command, AnAdapterOnAnotherBaseIsRefused) {
  auto train = short_sft("lora");
  train.insert(train.end(), {"--lora-rank", "2"});
  EXPECT_EQ(run_pupil(train).status, 0);
  write_model(path("other"), kTinyConfig, /*seed=*/2);
  const Ran ran =
      run_pupil({"generate", "--model", path("other"), "--adapter", path("lora"), "--ids", "1"});
  EXPECT_EQ(ran.status, 3);
  expect_contains(ran.err, "another base model");
}

}  // namespace
}  // namespace pupil::test
