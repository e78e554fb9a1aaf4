// Files as an enemy or an accident leaves them: every one gives one message that names the file and
// what is wrong, exit status 3, and never more memory than the file is long.
#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "nn/file.h"
#include "tests/command.h"
#include "tests/tiny_model.h"

namespace pupil::test {
namespace {

using Json = nlohmann::ordered_json;

// What the program needs for itself, under a sanitizer, too.
constexpr long kMostMib = 400;

constexpr const char* kNorm = "transformer.ln_f.weight";
constexpr const char* kPositions = "transformer.wpe.weight";

// A safetensors file taken apart, to be put together wrongly.
struct Weights {
  Json header;
  std::string data;

  explicit Weights(const std::string& path) {
    const std::string file = read_file(path);
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), 8);
    header = Json::parse(file.substr(8, length));
    data = file.substr(8 + length);
  }
  std::string str() const {
    const std::string text = header.dump();
    const std::uint64_t length = text.size();
    return std::string(reinterpret_cast<const char*>(&length), 8) + text + data;
  }
};

class HostileInput : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_PROGRAM();
    write_byte_model(good);
    files.write("one.jsonl", "{\"ids\": [1, 2, 3], \"labels\": [-100, 2, 3]}\n");
  }
  std::string path(const std::string& name) const { return files.path() + "/" + name; }
  // A copy of the good model with other files in it; an empty text takes one away.
  std::string model_with(const std::vector<std::pair<std::string, std::string>>& changes) {
    const std::string folder = path(fmt::format("model{}", ++made));
    std::filesystem::copy(good, folder);
    for (const auto& [name, content] : changes) {
      std::filesystem::remove(folder + "/" + name);
      if (!content.empty()) write_file(folder + "/" + name, content);
    }
    return folder;
  }
  std::string model_with_config(const Json& changes) {
    Json config = Json::parse(read_file(good + "/config.json"));
    config.update(changes);
    return model_with({{"config.json", config.dump()}});
  }
  void expect_refused(const std::vector<std::string>& arguments, const std::string& message) {
    const Ran ran = run_pupil(arguments);
    EXPECT_EQ(ran.status, 3) << ran.out << ran.err;
    EXPECT_EQ(ran.out, "");
    expect_contains(ran.err, message);
    EXPECT_TRUE(ran.err.starts_with("pupil: ")) << ran.err;
    EXPECT_LT(ran.peak_mib, kMostMib);
    EXPECT_EQ(ran.err.find("internal error"), ran.err.npos) << ran.err;
  }
  void expect_model_refused(const std::string& model, const std::string& message) {
    SCOPED_TRACE(message);
    expect_refused({"generate", "--model", model, "--ids", "1", "--max-new-tokens", "2"}, message);
  }

  TemporaryFolder files;
  const std::string good = files.path() + "/good";
  int made = 0;
};

// ---- records ------------------------------------------------------------------------------------

TEST_F(HostileInput, RecordsThatDoNotFitAreNamedWithTheirLine) {
  struct Case {
    std::string content, message;
  };
  const std::string fine = "{\"ids\": [1, 2]}\n";
  const std::string deep(100000, '[');
  for (const auto& [content, message] : std::vector<Case>{
           {"", "holds no record"},
           {"\n \n\n", "holds no record"},
           {"[]", "holds no record"},
           {"[" + fine, ":2: the file ends inside a JSON array"},
           {"[" + fine + "] x", ":2: something follows the end of the JSON array"},
           {"null\n", ":1: is null; expected an object"},
           {"3\n", ":1: is 3; expected an object"},
           {"hello\n", ":1: not valid JSON"},
           {"{\"ids\": [1,\n", ":1: not valid JSON at column"},
           {"{\"ids\": [1], \"x\": \"\xff\"}\n", "ill-formed UTF-8"},
           {std::string("{\"ids\": [1\0]}\n", 14), ":1: not valid JSON"},
           {deep, ":1: "},
           {"{\"ids\": " + deep + "\n", "more than 64 levels of nesting"},
           {"{\"ids\": [1], \"ids\": [2]}\n", "the key \"ids\" stands twice"},
           {"{\"ids\": [NaN]}\n", ":1: not valid JSON"},
           {"{\"ids\": [1e400]}\n", ":1: not valid JSON"},
           {"{\"ids\": [1.0]}\n", "\"ids\"[0] is 1.0; expected an integer"},
           {"{\"ids\": [-1]}\n", "\"ids\"[0] is -1; expected an integer"},
           {"{\"ids\": [1, 256]}\n", ":1: \"ids\"[1] is 256; the vocabulary ends at 255"},
           {"{\"ids\": [4294967297]}\n", "\"ids\"[0] is 4294967297"},
           {"{\"ids\": []}\n", "\"ids\" is empty"},
           {"{\"ids\": \"1, 2\"}\n", "expected a list of integers"},
           {"{\"ids\": [1, 2], \"labels\": [1]}\n", "\"labels\" has 1 entries, \"ids\" has 2"},
           {"{\"ids\": [1, 2], \"labels\": [-1, 2]}\n", "\"labels\"[0] is -1; expected -100"},
           {"{\"ids\": [1, 2], \"labels\": [-100, 256]}\n", "\"labels\"[1] is 256"},
           {"{\"ids\": [1, 2], \"mask\": [0, 1]}\n", "but no \"labels\""},
           {fine + fine + "{\"ids\": [1, \"x\"]}\n", ":3: \"ids\"[1] is \"x\""},
           {fine + "{\"text\": \"a\"}\n", ":2: \"ids\" is missing"},
           {"{}\n", "has no field; expected messages"},
           {"{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}\n", "\"chosen\""},
           {"{\"messages\": []}\n", "\"messages\" is empty"},
           {"{\"messages\": [{\"role\": \"asistant\", \"content\": \"\"}]}\n",
            "\"messages\"[0].role is \"asistant\"; expected system, user or assistant"},
           {"{\"messages\": [{\"role\": \"user\"}]}\n", "\"messages\"[0] has no \"content\""},
           {"{\"ids\": [" + fmt::format("{}", fmt::join(std::vector<int>(65, 1), ",")) + "]}\n",
            ":1: 65 tokens, more than the 64 allowed; --truncate"}}) {
    SCOPED_TRACE(content.substr(0, 80));
    const std::string file = files.write("data.jsonl", content);
    expect_refused({"score", "--model", good, "--data", file, "--quiet"}, message);
    expect_refused({"score", "--model", good, "--data", file, "--quiet"}, file);
  }
}

TEST_F(HostileInput, OneLineIsAWholeDataSet) {
  for (const char* content : {"{\"ids\": [1, 2]}", "\xef\xbb\xbf{\"ids\": [1, 2]}\r\n",
                              "[{\"ids\": [1, 2]}]", "{\"ids\": [5]}\n"}) {
    const Ran ran = run_pupil(
        {"score", "--model", good, "--data", files.write("data.jsonl", content), "--quiet"});
    EXPECT_EQ(ran.status, 0) << content << ran.err;
    EXPECT_EQ(lines_of(ran.out).size(), 1U);
  }
}

TEST_F(HostileInput, RecordsWithNothingToLearnAreRefusedByTraining) {
  const std::string file = files.write("data.jsonl", "{\"ids\": [1, 2], \"labels\": [7, -100]}\n");
  expect_refused({"sft", "--model", good, "--data", file, "--out", path("out"), "--quiet"},
                 "no record has a supervised token");
  EXPECT_FALSE(std::filesystem::exists(path("out")));
}

TEST_F(HostileInput, TextsTooShortForAWindowAreRefused) {
  for (const auto& [content, message] :
       {std::pair{"", "the file is empty"}, {"short", "needs 65"}}) {
    expect_refused(
        {"pretrain", "--text", files.write("text.txt", content), "--out", path("out"), "--quiet"},
        message);
  }
  expect_refused({"pretrain", "--text", files.write("text.txt", "\xff\xfe"), "--tokenizer", "chars",
                  "--out", path("out")},
                 "UTF-8");
}

// ---- prompts ------------------------------------------------------------------------------------

TEST_F(HostileInput, PromptsOutsideVocabularyOrContextAreRefused) {
  const auto generate = [&](const std::string& option, const std::string& value) {
    return std::vector<std::string>{"generate", "--model", good, option, value};
  };
  expect_refused(generate("--ids", "1,256"), "id 256 at position 1");
  expect_refused(generate("--prompt", ""), "the prompt is empty");
  expect_refused(generate("--prompt", std::string(65, 'a')), "the model's context is 64");
  const std::string file = files.write("prompts.jsonl", "{\"ids\": [1]}\n{\"ids\": [300]}\n");
  expect_refused(generate("--data", file), file + ":2: id 300");
  const std::string no_text = model_with({{"tokenizer.json", ""}});
  expect_refused({"generate", "--model", no_text, "--prompt", "a"}, "no tokenizer.json");
  expect_refused({"chat", "--model", no_text}, "no tokenizer.json");
}

// ---- model folders ------------------------------------------------------------------------------

TEST_F(HostileInput, ConfigurationsAreCheckedFieldByField) {
  const std::string deep(100000, '[');
  for (const auto& [content, message] :
       std::vector<std::pair<std::string, std::string>>{{" ", "config.json:1: not valid JSON"},
                                                        {"[1]", "must be a JSON object"},
                                                        {deep, "more than 64 levels of nesting"},
                                                        {"{\"vocab_size\": 2", "not valid JSON"}}) {
    expect_model_refused(model_with({{"config.json", content}}), message);
  }
  expect_model_refused(model_with({{"config.json", ""}}), "config.json: cannot open");
  constexpr std::int64_t kMost = 2147483647;
  for (const auto& [changes, message] : std::vector<std::pair<Json, std::string>>{
           {{{"vocab_size", "x"}}, "vocab_size is \"x\"; a whole number"},
           {{{"n_embd", 1.5}}, "n_embd is 1.5; a whole number"},
           {{{"n_layer", -1}}, "n_layer is -1"},
           {{{"n_layer", 0}}, "n_layer is 0"},
           {{{"n_head", nullptr}}, "n_head is missing"},
           {{{"n_head", 3}}, "config.json: dim 8 is not a multiple of heads 3"},
           {{{"n_positions", 1000000000000000000}}, "from 1 to 2^31 - 1"},
           {{{"layer_norm_epsilon", "a"}}, "layer_norm_epsilon is \"a\""},
           {{{"layer_norm_epsilon", -1}}, "layer_norm_epsilon is -1"},
           {{{"activation_function", 7}}, "activation_function is 7"},
           {{{"activation_function", "tanh"}}, "activation_function is \"tanh\""},
           {{{"model_type", "llama"}}, "model_type is \"llama\"; gpt2 can be read"},
           {{{"tie_word_embeddings", 3}}, "true or false is needed"},
           {{{"tie_word_embeddings", false}}, "no tensor lm_head.weight"},
           {{{"pupil", {1}}}, "an object is needed"},
           {{{"pupil", {{"n_kv_head", 3}}}}, "key/value heads 3"},
           // Sizes that would need gigabytes are compared with the file first.
           {{{"vocab_size", kMost}}, "the configuration needs (2147483647, 8)"},
           {{{"n_positions", kMost}}, "the configuration needs (2147483647, 8)"},
           {{{"n_embd", kMost - 1}}, "the configuration needs"},
           {{{"n_inner", kMost}}, "the configuration needs (8, 2147483647)"},
           {{{"n_layer", kMost}}, "transformer.h.1.ln_1.weight is missing"}}) {
    expect_model_refused(model_with_config(changes), message);
  }
}

TEST_F(HostileInput, WeightFilesAreCheckedTensorByTensor) {
  const Weights weights(good + "/model.safetensors");
  const auto with = [&](auto change) {
    Weights changed = weights;
    change(changed);
    return model_with({{"model.safetensors", changed.str()}});
  };
  const std::string whole = weights.str();
  expect_model_refused(model_with({{"model.safetensors", ""}}), "model.safetensors: cannot open");
  expect_model_refused(model_with({{"model.safetensors", whole.substr(0, 4)}}), "4 bytes");
  expect_model_refused(model_with({{"model.safetensors", whole.substr(0, 100)}}), "it is cut off");
  expect_model_refused(model_with({{"model.safetensors", whole.substr(0, whole.size() - 1)}}),
                       "bytes of data, the file has");
  expect_model_refused(model_with({{"model.safetensors", whole + "x"}}),
                       "bytes of data, the file has");
  expect_model_refused(with([](Weights& w) {
                         w.header["transformer.ln_g.weight"] = w.header[kNorm];
                         w.header.erase(kNorm);
                       }),
                       "tensor transformer.ln_f.weight is missing");
  expect_model_refused(with([](Weights& w) {
                         w.header[kPositions]["shape"] = {8, 64};
                       }),
                       "transformer.wpe.weight is [8, 64], the configuration needs (64, 8)");
  expect_model_refused(with([](Weights& w) { w.header[kPositions]["dtype"] = "I32"; }),
                       "transformer.wpe.weight is I32; weights are F32, F64, F16 or BF16");
  expect_model_refused(with([](Weights& w) {
                         w.header["extra"] = {{"dtype", "F32"},
                                              {"shape", {0}},
                                              {"data_offsets", {w.data.size(), w.data.size()}}};
                       }),
                       "tensor extra has no place");
  std::filesystem::create_directory(path("folder.safetensors"));
  expect_refused({"inspect", path("folder.safetensors")}, "a model, adapter or run folder");
}

TEST_F(HostileInput, AShardIndexReachesOnlyIntoItsFolder) {
  for (const auto& [shard, message] : std::vector<std::pair<Json, std::string>>{
           {"../good/model.safetensors", "must be a file name in this folder"},
           {"/etc/passwd", "must be a file name in this folder"},
           {3, "must be a file name in this folder"},
           {"..", "is no file"},
           {"nowhere.safetensors", "cannot open"},
           {"config.json", "this is no safetensors file"}}) {
    const Json index = {{"weight_map", {{kNorm, shard}}}};
    expect_model_refused(
        model_with({{"model.safetensors", ""}, {"model.safetensors.index.json", index.dump()}}),
        message);
  }
}

TEST_F(HostileInput, ATokenizerThatDoesNotFitTheModelIsRefused) {
  const std::string small = path("small");
  GptConfig config = kTinyConfig;
  config.vocab_size = 100;
  write_model(small, config);
  std::filesystem::copy(good + "/tokenizer.json", small + "/tokenizer.json");
  expect_model_refused(small, "the tokenizer has 256 ids, the model a vocabulary of 100");
  expect_model_refused(model_with({{"tokenizer.json", "{\"model\": 3}"}}), "tokenizer.json");
  expect_model_refused(model_with({{"tokenizer.json", "{"}}), "tokenizer.json:1: not valid JSON");
}

TEST_F(HostileInput, NanInWeightsIsShownByInspectAndStopsEverythingElse) {
  Weights weights(good + "/model.safetensors");
  const std::size_t at = weights.header[kNorm]["data_offsets"][0];
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(weights.data.data() + at, &nan, sizeof nan);
  const std::string model = model_with({{"model.safetensors", weights.str()}});
  const Ran inspect = run_pupil({"inspect", model});
  EXPECT_EQ(inspect.status, 0);
  expect_contains(inspect.out, "warning: tensor transformer.ln_f.weight holds 1 NaN");
  const std::string data = path("one.jsonl");
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"sft", "--model", model, "--data", data, "--out", path("out"), "--quiet"},
           {"sft", "--model", model, "--data", data, "--out", path("out"), "--lora-rank", "1"},
           {"score", "--model", model, "--data", data},
           {"grads", "--model", model, "--data", data, "--out", path("grads")},
           {"eval", "--model", model, "--suite", data},
           {"generate", "--model", model, "--ids", "1"}}) {
    const Ran ran = run_pupil(arguments);
    EXPECT_EQ(ran.status, 3) << arguments[0];
    EXPECT_EQ(ran.out, "") << arguments[0];
  }
  EXPECT_FALSE(std::filesystem::exists(path("out")));
}

// ---- adapters -----------------------------------------------------------------------------------

TEST_F(HostileInput, AdaptersAreCheckedBeforeTheyAreMade) {
  const std::string lora = path("lora");
  ASSERT_EQ(run_pupil({"sft", "--model", good, "--data", path("one.jsonl"), "--out", lora,
                       "--lora-rank", "2", "--quiet"})
                .status,
            0);
  const Json config = Json::parse(read_file(lora + "/adapter_config.json"));
  const auto expect_adapter_refused = [&](const std::string& content, const std::string& message) {
    write_file(lora + "/adapter_config.json", content);
    expect_refused({"generate", "--model", good, "--adapter", lora, "--ids", "1"}, message);
  };
  for (const auto& [changes, message] : std::vector<std::pair<Json, std::string>>{
           {{{"r", 2000000000}}, "adapter_config.json says rank 2000000000"},
           {{{"r", 3}}, "adapter_config.json says rank 3"},
           {{{"r", "x"}}, "r is \"x\""},
           {{{"peft_type", "IA3"}}, "LORA can be read"},
           {{{"use_dora", true}}, "lora_magnitude_vector is missing"},
           {{{"use_qalora", true}}, "use_qalora is set"},
           {{{"target_modules", {"nothing"}}}, "\"nothing\" matches no module"},
           {{{"target_modules", {"c_attn"}}}, "is not part of what adapter_config.json describes"},
           {{{"trainable_token_indices", {{"wte", {2000000000}}}}}, "trainable_token_indices"},
           {{{"trainable_token_indices", {-1}}}, "must be a list of ids"}}) {
    Json changed = config;
    changed.update(changes);
    expect_adapter_refused(changed.dump(), message);
  }
  expect_adapter_refused("{", "adapter_config.json:1: not valid JSON");
  expect_refused({"generate", "--model", good, "--adapter", path("nowhere"), "--ids", "1"},
                 "cannot open");
}

// ---- paths --------------------------------------------------------------------------------------

TEST_F(HostileInput, PathsThatCannotBeReadOrWrittenAreNamed) {
  const std::string data = path("one.jsonl"), nowhere = path("nowhere");
  expect_refused({"score", "--model", nowhere, "--data", data}, nowhere + ": no such folder");
  expect_refused({"score", "--model", data, "--data", data}, data + ": no such folder");
  expect_refused({"score", "--model", good, "--data", nowhere}, nowhere + ": cannot open");
  expect_refused({"score", "--model", good, "--data", good}, "Is a directory");
  expect_refused({"inspect", nowhere}, nowhere + ": cannot open");
  expect_refused({"inspect", files.path()}, "holds no config.json");
  expect_refused({"golden", nowhere}, nowhere);
  expect_refused({"render", "--tokenizer", nowhere, "--data", data}, nowhere);
  expect_refused({"pretrain", "--text", nowhere, "--out", path("out")}, nowhere);
  expect_refused({"sft", "--model", good, "--data", data, "--out", data, "--quiet"}, data);
  expect_refused({"grads", "--model", good, "--data", data, "--out", nowhere + "/g", "--quiet"},
                 nowhere + "/g: cannot write");
}

TEST_F(HostileInput, AStateFromElsewhereIsNotResumed) {
  const std::string out = path("tuned");
  const std::vector<std::string> arguments{
      "sft", "--model", good, "--data", path("one.jsonl"), "--out", out, "--steps", "1", "--quiet"};
  ASSERT_EQ(run_pupil(arguments).status, 0);
  auto again = arguments;
  again.push_back("--resume");
  write_file(out + "/state.safetensors", read_file(good + "/model.safetensors"));
  expect_refused(again, "state.safetensors");
  write_file(out + "/state.safetensors", "rubbish");
  expect_refused(again, "state.safetensors");
}

}  // namespace
}  // namespace pupil::test
