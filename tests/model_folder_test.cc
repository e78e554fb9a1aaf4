// Model folders: what is saved comes back, in every option and element type; Hugging Face's other
// spellings are read; a tensor that is missing, superfluous or misshapen is refused by its name.
#include "nn/model_folder.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "nn/file.h"
#include "nn/float_formats.h"
#include "tensor/error.h"
#include "tests/training_run.h"

namespace pupil {
namespace {

using small::Folder;
using Json = nlohmann::json;
using Tensors = std::vector<std::pair<std::string, Tensor>>;

std::vector<GptConfig> all_configs() {
  std::vector<GptConfig> list;
  for (int i = 0; i < 32; ++i) {
    GptConfig c = small::config();
    c.n_head = 4;
    c.tied_head = i & 1;
    c.bias = i & 2;
    c.norm = i & 4 ? NormKind::kRms : NormKind::kLayer;
    c.positions = i & 8 ? PositionKind::kRope : PositionKind::kLearned;
    c.rope_form = i & 1 ? RopeForm::kHalfSplit : RopeForm::kInterleaved;
    c.rope_theta = i & 8 ? 500 : 10000;
    c.n_kv_head = i & 16 ? 2 : 0;
    constexpr MlpKind kKinds[] = {MlpKind::kGeluTanh, MlpKind::kGeluErf, MlpKind::kRelu,
                                  MlpKind::kSwiglu};
    c.mlp = kKinds[i % 4 ^ i / 4 % 4];
    c.norm_eps = 1e-6;
    list.push_back(c);
  }
  return list;
}

void expect_same_parameters(Gpt& got, Gpt& want, const std::string& what) {
  const auto a = got.parameters(), b = want.parameters();
  ASSERT_EQ(a.size(), b.size()) << what;
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name) << what;
    EXPECT_TRUE(small::same_bits(a[i].variable->value(), b[i].variable->value()))
        << what << ": " << a[i].name;
  }
}

Tensor logits_of(const Gpt& gpt) {
  const NoGrad no_grad;
  Pass pass;
  const Tensor ids = Tensor::from<std::int32_t>({1, 9}, std::vector{3, 1, 4, 1, 5, 9, 2, 6, 5});
  return gpt.logits(gpt.hidden({.ids = ids}, pass)).value();
}

// The tensors of a saved plain model, for folders with other spellings.
Tensors saved_tensors(std::uint64_t seed, DType dtype = DType::kFloat32) {
  Gpt gpt = small::model(small::config(), seed, dtype);
  return stored_tensors(gpt);
}
void write_folder(const Folder& folder, const Tensors& tensors, const GptConfig& config) {
  Gpt gpt = small::model(config, 1, DType::kFloat32);
  save_model(folder.str(), gpt, ModelFolder());
  write_safetensors(folder / "model.safetensors", tensors);
}
std::string load_error(const Folder& folder) {
  try {
    load_model(folder.str());
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}
#define EXPECT_SAYS(message, part) \
  EXPECT_NE((message).find(part), std::string::npos) << "\"" << (message) << "\""

TEST(ModelFolder, EveryOptionComesBackWithTheSameBitsAndLogits_B145) {
  int seed = 0;
  for (const GptConfig& config : all_configs()) {
    for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
      const Folder folder;
      Gpt gpt = small::model(config, ++seed, dtype);
      save_model(folder.str(), gpt, ModelFolder(),
                 dtype == DType::kFloat32 ? SaveType::kF32 : SaveType::kF64);
      LoadedModel loaded = load_model(folder.str(), dtype);
      const std::string what = read_file(folder / "config.json");
      expect_same_parameters(loaded.gpt, gpt, what);
      EXPECT_TRUE(small::same_bits(logits_of(loaded.gpt), logits_of(gpt))) << what;
      EXPECT_EQ(loaded.gpt.config().bias, config.bias);
    }
  }
}

TEST(ModelFolder, SavingWhatWasLoadedWritesTheSameBytes) {
  const Folder first, second;
  Gpt gpt = small::model(small::config(), 3, DType::kFloat32);
  ModelFolder like;
  like.bos_id = 1, like.eos_id = 2;
  save_model(first.str(), gpt, like);
  LoadedModel loaded = load_model(first.str());
  EXPECT_EQ(loaded.folder.bos_id, 1);
  EXPECT_EQ(loaded.folder.eos_id, 2);
  EXPECT_FALSE(loaded.folder.pad_id);
  save_model(second.str(), loaded.gpt, loaded.folder);
  for (const char* name : {"model.safetensors", "config.json"}) {
    EXPECT_TRUE(read_file(first / name) == read_file(second / name)) << name;
  }
}

TEST(ModelFolder, ALoadedModelCanBeTrainedAndItsFileStaysAsItIs) {
  const Folder folder;
  Gpt gpt = small::model(small::config(), 3, DType::kFloat32);
  save_model(folder.str(), gpt, ModelFolder());
  const std::string before = read_file(folder / "model.safetensors");
  LoadedModel loaded = load_model(folder.str());  // mapped, not copied
  for (const NamedParameter& p : loaded.gpt.parameters()) p.variable->value().fill_(7);
  EXPECT_TRUE(read_file(folder / "model.safetensors") == before);
}

TEST(ModelFolder, SixteenBitTypesHoldTheNearestValues) {
  Gpt gpt = small::model(small::config(), 4);
  for (const SaveType type : {SaveType::kF16, SaveType::kBF16}) {
    const Folder folder;
    save_model(folder.str(), gpt, ModelFolder(), type);
    LoadedModel loaded = load_model(folder.str(), DType::kFloat64);
    const auto got = loaded.gpt.parameters(), want = gpt.parameters();
    for (std::size_t i = 0; i < want.size(); ++i) {
      for (std::int64_t j = 0; j < want[i].variable->value().numel(); ++j) {
        const double x = want[i].variable->value().data<double>()[j];
        const double rounded = type == SaveType::kF16
                                   ? float_from_half(half_from_double(x))
                                   : float_from_bfloat16(bfloat16_from_double(x));
        ASSERT_EQ(got[i].variable->value().data<double>()[j], rounded) << want[i].name;
        ASSERT_NEAR(rounded, x, std::abs(x) * (type == SaveType::kF16 ? 0x1p-11 : 0x1p-8) + 1e-7);
      }
    }
  }
}

TEST(ModelFolder, AModelWithoutBiasIsWrittenWithZerosAndReadAsOneWithout) {
  GptConfig config = small::config();
  config.bias = false;
  const Folder folder;
  Gpt gpt = small::model(config, 5, DType::kFloat32);
  save_model(folder.str(), gpt, ModelFolder());
  const SafetensorsFile file(folder / "model.safetensors");
  int biases = 0;
  for (const auto& [name, entry] : file.entries()) {
    if (!name.ends_with(".bias")) continue;
    ++biases;
    for (const float x : file.read(name, DType::kFloat32).span<float>()) EXPECT_EQ(x, 0) << name;
  }
  EXPECT_EQ(biases, 2 * 6 + 1);  // what a reader of GPT-2 expects
  LoadedModel loaded = load_model(folder.str());
  EXPECT_FALSE(loaded.gpt.config().bias);
  expect_same_parameters(loaded.gpt, gpt, "bias off");
}

TEST(ModelFolder, NamesWithoutPrefixMaskBuffersAndACopyOfATiedHeadAreRead) {
  const Folder folder;
  Tensors tensors;
  for (auto [name, value] : saved_tensors(6)) {
    tensors.emplace_back(name.substr(std::string("transformer.").size()), value);
  }
  tensors.emplace_back("lm_head.weight", tensors[0].second);
  for (const char* h : {"h.0.", "h.1."}) {
    tensors.emplace_back(h + std::string("attn.bias"), Tensor::full({1, 1, 16, 16}, 1));
    tensors.emplace_back(h + std::string("attn.masked_bias"), Tensor::full({}, -1e4));
  }
  write_folder(folder, tensors, small::config());
  LoadedModel loaded = load_model(folder.str());
  EXPECT_EQ(loaded.folder.prefix, "");
  EXPECT_EQ(loaded.folder.stored_name("transformer.wte.weight"), "wte.weight");
  Gpt want = small::model(small::config(), 6, DType::kFloat32);
  expect_same_parameters(loaded.gpt, want, "no prefix");
}

TEST(ModelFolder, ShardsAreReadAsOneModel) {
  const Folder folder;
  const Tensors tensors = saved_tensors(7);
  write_folder(folder, tensors, small::config());
  std::filesystem::remove(folder / "model.safetensors");
  Tensors shards[3];
  Json index;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    shards[i % 3].push_back(tensors[i]);
    index["weight_map"][tensors[i].first] = "part" + std::to_string(i % 3) + ".safetensors";
  }
  for (int i = 0; i < 3; ++i) {
    write_safetensors(folder / ("part" + std::to_string(i) + ".safetensors"), shards[i]);
  }
  const std::string index_path = folder / "model.safetensors.index.json";
  write_file(index_path, index.dump());
  LoadedModel loaded = load_model(folder.str());
  Gpt want = small::model(small::config(), 7, DType::kFloat32);
  expect_same_parameters(loaded.gpt, want, "three shards");

  // A tensor in two shards; one that the index puts elsewhere; a path out of the folder.
  shards[1].push_back(shards[0][0]);
  write_safetensors(folder / "part1.safetensors", shards[1]);
  EXPECT_SAYS(load_error(folder), "tensor " + shards[0][0].first + " stands in another shard");
  shards[1].pop_back();
  write_safetensors(folder / "part1.safetensors", shards[1]);
  index["weight_map"][tensors[0].first] = "part2.safetensors";
  write_file(index_path, index.dump());
  EXPECT_SAYS(load_error(folder), "no tensor " + tensors[0].first);
  index["weight_map"][tensors[0].first] = "../elsewhere.safetensors";
  write_file(index_path, index.dump());
  EXPECT_SAYS(load_error(folder), "must be a file name in this folder");
}

TEST(ModelFolder, AMissingTensorIsRefusedByName) {
  for (const char* name : {"transformer.wte.weight", "transformer.h.1.ln_2.weight",
                           "transformer.h.1.mlp.c_proj.bias", "transformer.ln_f.bias"}) {
    const Folder folder;
    Tensors tensors;
    for (const auto& [stored, value] : saved_tensors(8)) {
      if (stored != name) tensors.emplace_back(stored, value);
    }
    write_folder(folder, tensors, small::config());
    EXPECT_SAYS(load_error(folder), std::string("tensor ") + name + " is missing");
  }
}

TEST(ModelFolder, ASuperfluousTensorIsRefusedByName) {
  for (const char* name : {"transformer.h.2.ln_1.weight", "transformer.h.0.attn.q_proj.weight",
                           "score.weight", "wte.weight"}) {
    const Folder folder;
    Tensors tensors = saved_tensors(9);
    tensors.emplace_back(name, Tensor::zeros({8}));
    write_folder(folder, tensors, small::config());
    EXPECT_SAYS(load_error(folder), std::string("tensor ") + name + " has no place");
  }
}

TEST(ModelFolder, AMisshapenTensorIsRefusedByNameWithBothShapes) {
  const Folder folder;
  Tensors tensors = saved_tensors(10);
  for (auto& [name, value] : tensors) {
    if (name == "transformer.h.1.mlp.c_fc.weight") value = Tensor::zeros({8, 11});
  }
  write_folder(folder, tensors, small::config());
  EXPECT_SAYS(load_error(folder),
              "tensor transformer.h.1.mlp.c_fc.weight is [8, 11], the configuration needs (8, 12)");
  for (auto& [name, value] : tensors) {
    if (name == "transformer.h.1.mlp.c_fc.weight") value = Tensor::zeros({12, 8});
  }
  write_folder(folder, tensors, small::config());
  EXPECT_SAYS(load_error(folder), "is [12, 8]");
}

TEST(ModelFolder, AnUntiedHeadMustBeThere) {
  GptConfig untied = small::config();
  untied.tied_head = false;
  const Folder folder;
  write_folder(folder, saved_tensors(11), untied);
  EXPECT_SAYS(load_error(folder), "no tensor lm_head.weight");
}

TEST(ModelFolder, AConfigurationThatDoesNotFitIsRefusedByField) {
  const Folder folder;
  write_folder(folder, saved_tensors(12), small::config());
  const std::string path = folder / "config.json", good = read_file(path);
  const auto error_with = [&](const char* field, const Json& value) {
    Json json = Json::parse(good);
    json[field] = value;
    if (value.is_discarded()) json.erase(field);
    write_file(path, json.dump());
    return load_error(folder);
  };
  EXPECT_SAYS(error_with("n_head", 3), "dim 8 is not a multiple of heads 3");
  EXPECT_SAYS(error_with("n_layer", 0), "n_layer is 0");
  EXPECT_SAYS(error_with("n_layer", 3), "transformer.h.2.");
  EXPECT_SAYS(error_with("n_embd", "8"), "n_embd is \"8\"");
  EXPECT_SAYS(error_with("vocab_size", 4e9), "vocab_size");
  EXPECT_SAYS(error_with("vocab_size", nullptr), "vocab_size is missing");
  EXPECT_SAYS(error_with("activation_function", "mish"), "activation_function is \"mish\"");
  EXPECT_SAYS(error_with("model_type", "llama"), "model_type is \"llama\"; gpt2 can be read");
  EXPECT_SAYS(error_with("scale_attn_by_inverse_layer_idx", true), "attention");
  write_file(path, good.substr(0, good.size() / 2));
  EXPECT_SAYS(load_error(folder), path);
  write_file(path, std::string(100000, '['));
  EXPECT_SAYS(load_error(folder), "levels of nesting");
  std::filesystem::remove(path);
  EXPECT_SAYS(load_error(folder), path);
}

TEST(ModelFolder, OneOrSeveralIdsEndATextAndWhatIsNoIdIsRefused) {
  const Folder folder, again;
  write_folder(folder, saved_tensors(15), small::config());
  const std::string path = folder / "config.json", good = read_file(path);
  const auto write_with = [&](const char* field, const char* value) {
    Json json = Json::parse(good);
    json[field] = Json::parse(value);
    write_file(path, json.dump());
  };
  for (const char* field : {"eos_token_id", "bos_token_id", "pad_token_id"}) {
    for (const char* value : {"99999999999999", "2147483648", "-1", "1.5", "true", "\"2\""}) {
      write_with(field, value);
      EXPECT_SAYS(load_error(folder), std::string(field) + " is " + value + "; a token id");
    }
  }
  write_with("pad_token_id", "[1, 2]");
  EXPECT_SAYS(load_error(folder), "pad_token_id is a list; one token id is needed");
  write_with("eos_token_id", "[1, 99999999999999]");
  EXPECT_SAYS(load_error(folder), "eos_token_id is 99999999999999; a token id");
  write_with("eos_token_id", "[2, 5, 7]");
  LoadedModel several = load_model(folder.str());
  EXPECT_EQ(several.folder.eos_id, 2);
  EXPECT_EQ(several.folder.further_eos_ids, (std::vector<std::int32_t>{5, 7}));
  save_model(again.str(), several.gpt, several.folder);
  EXPECT_EQ(Json::parse(read_file(again / "config.json"))["eos_token_id"], (Json{2, 5, 7}));
}

TEST(ModelFolder, BiasesOfAModelThatIsReadWithoutAnyMustBeZero) {
  for (const bool by_config : {true, false}) {
    const Folder folder;
    GptConfig config = small::config();
    config.bias = false;
    Gpt gpt = small::model(config, 16, DType::kFloat32);
    Tensors tensors = stored_tensors(gpt);  // with biases of zeros
    write_folder(folder, tensors, by_config ? config : small::config());
    if (!by_config) {  // no bias in the first place where one is looked for
      std::erase_if(tensors, [](const auto& t) { return t.first.ends_with("c_attn.bias"); });
      write_safetensors(folder / "model.safetensors", tensors);
    }
    EXPECT_EQ(load_error(folder), "");
    for (auto& [name, value] : tensors) {
      if (!name.ends_with("h.1.mlp.c_fc.bias")) continue;
      value = value.clone();
      value.data<float>()[value.numel() - 1] = -0.5f;
    }
    write_safetensors(folder / "model.safetensors", tensors);
    const std::string message = load_error(folder);
    EXPECT_SAYS(message, "tensor transformer.h.1.mlp.c_fc.bias holds -0.5");
    EXPECT_SAYS(message, "without biases");
  }
}

TEST(ModelFolder, IsReplacedAsAPairOrNotAtAll) {
  const Folder folder;
  Gpt old = small::model(small::config(), 13, DType::kFloat32);
  save_model(folder.str(), old, ModelFolder());
  const std::string weights = read_file(folder / "model.safetensors");
  const std::string config = read_file(folder / "config.json");
  // The configuration cannot be written: a folder stands where its temporary file goes.
  std::filesystem::create_directory(folder / ("config.json.tmp." + std::to_string(::getpid())));
  GptConfig wider = small::config();
  wider.n_embd = 16;
  Gpt fresh = small::model(wider, 14, DType::kFloat32);
  EXPECT_THROW(save_model(folder.str(), fresh, ModelFolder()), InputError);
  EXPECT_TRUE(read_file(folder / "model.safetensors") == weights);
  EXPECT_EQ(read_file(folder / "config.json"), config);
}

}  // namespace
}  // namespace pupil
