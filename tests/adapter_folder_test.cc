// Adapter folders (sft/adapter_folder.h): PEFT's ways to choose modules, what is refused by name,
// and what is written comes back.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "nn/file.h"
#include "nn/model_folder.h"
#include "sft/adapter_folder.h"
#include "sft/module_names.h"
#include "sft/quantised_base.h"
#include "tensor/error.h"
#include "tests/small_models.h"

namespace pupil {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using small::same_bits;

Gpt base_model() { return small::model(small::config(), 1, DType::kFloat32); }

std::vector<std::string> chosen(const LoraConfig& config, bool every = true) {
  Gpt gpt = base_model();
  std::vector<std::string> names;
  for (const LoraTarget& t : lora_targets(gpt, config, every)) {
    names.push_back(t.linear->name.substr(std::string("transformer.h.").size()));
  }
  return names;
}

LoraConfig with_targets(std::vector<std::string> targets) {
  LoraConfig config;
  config.targets = std::move(targets);
  return config;
}
LoraConfig with_pattern(std::string pattern) {
  LoraConfig config;
  config.targets.clear();
  config.target_pattern = std::move(pattern);
  return config;
}

using Names = std::vector<std::string>;

TEST(TargetModules, AListMeansWholeNamesOrTheirEndsBehindADot) {
  EXPECT_EQ(chosen(with_targets({"c_fc"})), (Names{"0.mlp.c_fc", "1.mlp.c_fc"}));
  EXPECT_EQ(chosen(with_targets({"attn.c_proj"})), (Names{"0.attn.c_proj", "1.attn.c_proj"}));
  EXPECT_EQ(chosen(with_targets({"transformer.h.1.mlp.c_proj"})), (Names{"1.mlp.c_proj"}));
  EXPECT_EQ(chosen(with_targets({"all-linear"})).size(), 8u);
  EXPECT_THROW(chosen(with_targets({"c_fc", "fc"})), UsageError);
  EXPECT_EQ(chosen(with_targets({"c_fc", "q_proj"}), /*every=*/false).size(), 2u)
      << "a stored adapter may name what this model lacks, as in PEFT";
}

TEST(TargetModules, AStringIsAnExpressionOnWholeNamesEvenWithoutSpecialSigns) {
  EXPECT_EQ(chosen(with_pattern(R"(.*\.[0]\.attn\.c_(attn|proj))")),
            (Names{"0.attn.c_attn", "0.attn.c_proj"}));
  EXPECT_EQ(chosen(with_pattern("transformer.h.1.mlp.c_fc")), (Names{"1.mlp.c_fc"}));
  EXPECT_EQ(chosen(with_pattern("all-linear")).size(), 8u);
  EXPECT_THROW(chosen(with_pattern("c_fc")), UsageError) << "no whole name";
  EXPECT_THROW(chosen(with_pattern("a)|(b")), UsageError) << "wrong by itself";
  EXPECT_THROW(chosen(with_pattern("(x+x+)+y|.*[")), UsageError);
}

TEST(TargetModules, AnExpressionThatExplodesIsStopped) {
  EXPECT_THROW(NamePattern("(t+)+[a-s]").matches_whole(std::string(60, 't')), UsageError);
}

TEST(Patterns, OfRankAndAlphaMeetWholeEndsOfNamesAndTheFirstOneDecides_B120) {
  LoraConfig config = with_targets({"c_attn", "c_proj", "c_fc"});
  config.rank = 8;
  config.alpha = 16;
  config.rank_pattern = {{"attn.c_proj", 2}, {R"(h\.1\.mlp\..*)", 3}, {"c_proj", 4}, {"roj", 9}};
  config.alpha_pattern = {{"^transformer.h.0.attn.c_attn", 32}, {"attn", 99}};
  Gpt gpt = base_model();
  std::vector<std::int64_t> ranks;
  std::vector<double> scales;
  for (const LoraTarget& t : lora_targets(gpt, config)) {
    ranks.push_back(t.rank);
    scales.push_back(t.scale);
  }
  // Of each block: attn.c_attn, attn.c_proj, mlp.c_fc, mlp.c_proj.
  EXPECT_EQ(ranks, (std::vector<std::int64_t>{8, 2, 8, 4, 8, 2, 3, 3}));
  EXPECT_EQ(scales, (std::vector<double>{4, 8, 2, 4, 2, 8, 16.0 / 3, 16.0 / 3}));
  add_lora(gpt, config, 1);
  EXPECT_EQ(gpt.linears()[1]->lora->a.shape(), (Shape{2, 8}));
  EXPECT_EQ(gpt.linears()[6]->lora->b.shape(), (Shape{12, 3}));
}

TEST(ModulesToSave, AreFoundByWholePartsOfTheirNamesAndGetNoAdapter_B121) {
  EXPECT_TRUE(is_inside_module("transformer.h.0.mlp.c_fc", "mlp"));
  EXPECT_TRUE(is_inside_module("transformer.h.0.mlp.c_fc", "mlp.c_fc"));
  EXPECT_FALSE(is_inside_module("transformer.h.0.mlp2.c_fc", "mlp"));
  EXPECT_FALSE(is_inside_module("head2", "head"));
  EXPECT_FALSE(is_inside_module("lm_head", "head"));

  Gpt gpt = base_model();
  LoraConfig config;
  config.modules_to_save = {"h.1.mlp", "ln_f"};
  add_lora(gpt, config, 1);
  std::vector<std::string> whole;
  std::size_t adapters = 0;
  for (const NamedParameter& p : lora_parameters(gpt)) {
    if (p.name.find("lora_") != std::string::npos) {
      adapters += 1;
    } else {
      whole.push_back(p.name.substr(std::string("base_model.model.transformer.").size()));
    }
  }
  EXPECT_EQ(adapters, 2u * 6);
  EXPECT_EQ(whole, (Names{"h.1.mlp.c_fc.weight", "h.1.mlp.c_fc.bias", "h.1.mlp.c_proj.weight",
                          "h.1.mlp.c_proj.bias", "ln_f.weight", "ln_f.bias"}));
  config.modules_to_save = {"f"};
  Gpt other = base_model();
  EXPECT_THROW(add_lora(other, config, 1), UsageError);
}

class AdapterFolder : public testing::Test {
 protected:
  void SetUp() override {
    path_ = (fs::temp_directory_path() / ("pupil_adapter_" + std::to_string(::getpid()))).string();
    fs::remove_all(path_);
  }
  void TearDown() override { fs::remove_all(path_); }

  // An adapter of random numbers, written.
  Gpt written(const LoraConfig& config, const std::string& quantisation = "") {
    Gpt gpt = base_model();
    const std::string hash = hash_of_weights(gpt);
    if (!quantisation.empty()) quantise_base(gpt, pupil::quantisation(quantisation));
    add_lora(gpt, config, 1);
    reset_sample_seed(7);
    for (const NamedParameter& p : lora_parameters(gpt)) {
      p.variable->value().copy_(randn(p.variable->shape()));
    }
    save_adapter(path_, gpt, {config, "base", hash, quantisation});
    return gpt;
  }
  void change(const std::string& field, const Json& value) {
    const std::string file = path_ + "/adapter_config.json";
    Json json = Json::parse(read_file(file));
    json[field] = value;
    write_file(file, json.dump());
  }
  std::string refusal() {
    Gpt gpt = base_model();
    try {
      load_adapter(path_, gpt);
    } catch (const InputError& e) {
      return e.what();
    }
    return "";
  }

  std::string path_;
};

TEST_F(AdapterFolder, ComesBackAsItWasWrittenWithEveryOption_B132) {
  LoraConfig patterns = with_pattern(R"(.*\.(c_attn|c_fc))");
  patterns.rank_pattern = {{"c_fc", 3}};
  patterns.alpha_pattern = {{R"(h\.0\..*)", 7.5}};
  patterns.rslora = true;
  LoraConfig dora;
  dora.dora = true;
  dora.dropout = 0.25;
  dora.modules_to_save = {"ln_f", "wte"};
  LoraConfig rows = with_targets({"c_attn"});
  rows.special_ids = {3, 12};
  for (const LoraConfig& config : {LoraConfig(), patterns, dora, rows}) {
    Gpt gpt = written(config), again = base_model();
    const AdapterInfo info = load_adapter(path_, again);
    EXPECT_EQ(info.lora.dropout, config.dropout);
    EXPECT_EQ(info.lora.rank_pattern, config.rank_pattern);
    EXPECT_EQ(info.lora.alpha_pattern, config.alpha_pattern);
    const auto want = lora_parameters(gpt), got = lora_parameters(again);
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < want.size(); ++i) {
      EXPECT_EQ(got[i].name, want[i].name);
      EXPECT_TRUE(same_bits(got[i].variable->value(), want[i].variable->value())) << got[i].name;
    }
    for (std::size_t l = 0; l < gpt.linears().size(); ++l) {
      const auto a = gpt.linears()[l]->lora, b = again.linears()[l]->lora;
      ASSERT_EQ(a == nullptr, b == nullptr);
      if (!a) continue;
      EXPECT_EQ(a->scale, b->scale);
    }
  }
}

TEST_F(AdapterFolder, WhatWouldChangeTheArithmeticIsRefusedByItsName_B119) {
  written(LoraConfig());
  ASSERT_EQ(refusal(), "");
  const std::pair<const char*, Json> refused[] = {
      {"peft_type", "LOHA"},          {"peft_type", "IA3"},
      {"peft_type", "PREFIX_TUNING"}, {"bias", "all"},
      {"bias", "lora_only"},          {"lora_bias", true},
      {"use_qalora", true},           {"layers_to_transform", {0}},
      {"exclude_modules", {"c_fc"}},  {"layer_replication", {{0, 1}}},
      {"target_parameters", {"x"}},   {"init_lora_weights", "pissa"},
      {"init_lora_weights", "olora"}, {"init_lora_weights", "loftq"},
      {"a_field_of_tomorrow", 3},     {"rank_pattern", {{"c_attn", 0}}},
      {"rank_pattern", {{"(", 2}}},   {"target_modules", "c_attn("},
      {"target_modules", {"lm_head"}}};
  for (const auto& [field, value] : refused) {
    written(LoraConfig());
    change(field, value);
    const std::string message = refusal();
    const std::string named = std::string(field) == "target_modules" ? "--lora-targets" : field;
    EXPECT_TRUE(message.find(field) != std::string::npos ||
                message.find(named) != std::string::npos ||
                message.find("regular expression") != std::string::npos)
        << field << ": " << message;
  }
}

TEST_F(AdapterFolder, WhatPeftWritesBesidesIsAccepted) {
  written(LoraConfig());
  for (const auto& [field, value] :
       std::initializer_list<std::pair<const char*, Json>>{{"fan_in_fan_out", false},
                                                           {"init_lora_weights", "gaussian"},
                                                           {"init_lora_weights", false},
                                                           {"megatron_core", "megatron.core"},
                                                           {"peft_version", "0.21.2"},
                                                           {"loftq_config", Json::object()},
                                                           {"a_field_of_tomorrow", nullptr},
                                                           {"another", false}}) {
    change(field, value);
    EXPECT_EQ(refusal(), "") << field;
  }
}

TEST_F(AdapterFolder, RecordsTheBaseAndItsQuantisationAndAnotherBaseIsRefused_B125) {
  written(LoraConfig(), "nf4");
  EXPECT_EQ(read_adapter_info(path_).base_quantisation, "nf4");
  Gpt same = base_model();
  const std::string hash = hash_of_weights(same);
  EXPECT_EQ(read_adapter_info(path_).base_hash, hash);
  quantise_base(same, Quantisation::kNf4);
  EXPECT_NO_THROW(load_adapter(path_, same, hash));

  Gpt other = small::model(small::config(), 2, DType::kFloat32);
  EXPECT_THROW(load_adapter(path_, other), InputError);
}

TEST_F(AdapterFolder, ARankThatTheTensorsDoNotHaveIsRefusedBeforeAnythingIsMade) {
  written(LoraConfig());
  change("rank_pattern", {{"c_fc", 2000000000}});
  EXPECT_NE(refusal().find("adapter_config.json says rank 2000000000"), std::string::npos);
}

}  // namespace
}  // namespace pupil
