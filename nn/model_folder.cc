#include "nn/model_folder.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "nn/file.h"
#include "nn/json_fields.h"
#include "nn/sha256.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using Json = nlohmann::ordered_json;

template <class Kind>
struct Choice {
  const char* name;
  Kind kind;
};
constexpr Choice<MlpKind> kActivations[] = {{"gelu_new", MlpKind::kGeluTanh},
                                            {"gelu_pytorch_tanh", MlpKind::kGeluTanh},
                                            {"gelu", MlpKind::kGeluErf},
                                            {"relu", MlpKind::kRelu},
                                            {"swiglu", MlpKind::kSwiglu}};
constexpr Choice<NormKind> kNorms[] = {{"layer", NormKind::kLayer}, {"rms", NormKind::kRms}};
constexpr Choice<PositionKind> kPositions[] = {{"learned", PositionKind::kLearned},
                                               {"rope", PositionKind::kRope}};
constexpr Choice<RopeForm> kRopeForms[] = {{"half-split", RopeForm::kHalfSplit},
                                           {"interleaved", RopeForm::kInterleaved}};

template <class Kind, std::size_t N>
Kind choose(const FieldReader& fields, const char* field, const Choice<Kind> (&choices)[N]) {
  const std::string name = fields.text(field, choices[0].name);
  std::string all;
  for (const auto& choice : choices) {
    if (name == choice.name) return choice.kind;
    all += std::string(all.empty() ? "" : ", ") + choice.name;
  }
  fields.fail(field, fmt::format("is \"{}\"; this engine has {}", name, all));
}

template <class Kind, std::size_t N>
const char* name_of_choice(Kind kind, const Choice<Kind> (&choices)[N]) {
  for (const auto& choice : choices) {
    if (choice.kind == kind) return choice.name;
  }
  return "";
}

bool is_mask_buffer(const std::string& name) {
  return name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias");
}

// One id, or a list of several.
std::vector<std::int32_t> token_ids(const FieldReader& fields, const Json& json,
                                    const char* field) {
  if (!fields.has(field)) return {};
  std::vector<std::int32_t> ids;
  for (const Json& id : json[field].is_array() ? json[field] : Json::array({json[field]})) {
    const bool fits = id.is_number_integer() && id.get<double>() >= 0 && id.get<double>() < 0x1p31;
    if (!fits) fields.fail(field, fmt::format("is {}; a token id is needed", id.dump()));
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

// A biasless model's file may hold biases, as GPT-2's own always does: zeros.
void expect_zero(const SafetensorsFile& file, const std::string& name) {
  const Tensor bias = file.read(name, DType::kFloat64);
  for (const double x : bias.span<double>()) {
    if (x == 0) continue;
    throw InputError(fmt::format(
        "{}: tensor {} holds {}, but the model is read as one without biases: config.json says so "
        "(\"pupil\": {{\"bias\": false}}), or there is no transformer.h.0.attn.c_attn.bias",
        file.path(), name, x));
  }
}

// The file that holds each tensor: one file, or the shards that an index names.
class WeightFiles {
 public:
  explicit WeightFiles(const std::string& folder) {
    const std::string single = folder + "/model.safetensors", index = single + ".index.json";
    if (file_exists(single) || !file_exists(index)) {
      add(single);
      return;
    }
    const Json json = read_json_object(index);
    const FieldReader fields(json, index);
    const Json& map = fields.object("weight_map");
    std::map<std::string, std::string> shard_of;
    for (const auto& [name, shard] : map.items()) {
      if (!shard.is_string() || shard.get<std::string>().find('/') != std::string::npos) {
        throw InputError(
            fmt::format("{}: weight_map entry {} must be a file name in this folder", index, name));
      }
      shard_of[name] = shard.get<std::string>();
    }
    for (const auto& [name, shard] : shard_of) {
      const std::string path = folder + "/" + shard;
      if (!by_path_.contains(path)) add(path);
      if (!by_path_.at(path)->contains(name)) {
        throw InputError(fmt::format("{}: no tensor {}, which {} puts there", path, name, index));
      }
    }
  }
  bool contains(const std::string& name) const { return file_of_.contains(name); }
  const SafetensorsFile& file(const std::string& name) const { return *file_of_.at(name); }
  const std::map<std::string, const SafetensorsFile*>& names() const { return file_of_; }

 private:
  void add(const std::string& path) {
    auto file = std::make_unique<SafetensorsFile>(path);
    for (const auto& [name, entry] : file->entries()) {
      if (!file_of_.emplace(name, file.get()).second) {
        throw InputError(fmt::format("{}: tensor {} stands in another shard, too", path, name));
      }
    }
    by_path_[path] = std::move(file);
  }
  std::map<std::string, std::unique_ptr<SafetensorsFile>> by_path_;
  std::map<std::string, const SafetensorsFile*> file_of_;
};

}  // namespace

std::string ModelFolder::stored_name(const std::string& name) const {
  constexpr std::string_view kPrefix = "transformer.";
  return name.starts_with(kPrefix) ? prefix + name.substr(kPrefix.size()) : name;
}

ModelFolder read_model_config(const std::string& path) {
  if (!folder_exists(path)) {
    throw InputError(
        fmt::format("{}: no such folder; a model folder holds config.json and "
                    "model.safetensors",
                    path));
  }
  ModelFolder folder;
  folder.path = path;
  const std::string file = path + "/config.json";
  if (!file_exists(file) && file_exists(path + "/adapter_config.json")) {
    throw InputError(fmt::format(
        "{}: holds an adapter, not a model; give its base as --model and this folder as --adapter",
        path));
  }
  const Json json = read_json_object(file);
  const FieldReader fields(json, file);
  const std::string type = fields.text("model_type", "gpt2");
  if (type != "gpt2") fields.fail("model_type", fmt::format("is \"{}\"; gpt2 can be read", type));
  GptConfig& c = folder.config;
  c.vocab_size = fields.count("vocab_size");
  c.context = fields.count(json.contains("n_positions") ? "n_positions" : "n_ctx");
  c.n_embd = fields.count("n_embd");
  c.n_layer = fields.count("n_layer");
  c.n_head = fields.count("n_head");
  c.n_inner = fields.has("n_inner") ? fields.count("n_inner") : 0;
  c.norm_eps = fields.number("layer_norm_epsilon", 1e-5);
  if (!(c.norm_eps >= 0)) {
    fields.fail("layer_norm_epsilon", fmt::format("is {}; at least 0 is needed", c.norm_eps));
  }
  c.tied_head = fields.boolean("tie_word_embeddings", true);
  c.mlp = choose(fields, "activation_function", kActivations);
  if (!fields.boolean("scale_attn_weights", true) ||
      fields.boolean("scale_attn_by_inverse_layer_idx", false)) {
    fields.fail("scale_attn_weights",
                "or scale_attn_by_inverse_layer_idx asks for another attention "
                "scale than 1 / sqrt(head dim)");
  }
  const auto first_id = [&](const char* field, std::vector<std::int32_t>* further = nullptr) {
    std::vector<std::int32_t> ids = token_ids(fields, json, field);
    if (ids.size() > 1 && !further) fields.fail(field, "is a list; one token id is needed");
    if (further && ids.size() > 1) further->assign(ids.begin() + 1, ids.end());
    return ids.empty() ? std::nullopt : std::optional(ids[0]);
  };
  folder.bos_id = first_id("bos_token_id");
  folder.eos_id = first_id("eos_token_id", &folder.further_eos_ids);
  folder.pad_id = first_id("pad_token_id");
  if (fields.has("pupil")) {
    const FieldReader own(fields.object("pupil"), file + ": pupil");
    c.bias = own.boolean("bias", true);
    c.n_kv_head = own.has("n_kv_head") ? own.count("n_kv_head") : 0;
    c.norm = choose(own, "norm", kNorms);
    c.positions = choose(own, "positions", kPositions);
    c.rope_form = choose(own, "rope_form", kRopeForms);
    c.rope_theta = own.number("rope_theta", 10000);
  }
  try {
    c.check();
  } catch (const UsageError& e) {
    throw InputError(file + ": " + e.what());
  }
  return folder;
}

LoadedModel load_model(const std::string& path, DType dtype) {
  ModelFolder folder = read_model_config(path);
  const WeightFiles files(path);
  if (!files.contains("transformer.wte.weight") && files.contains("wte.weight")) folder.prefix = "";
  const bool any_bias = files.contains(folder.stored_name("transformer.h.0.attn.c_attn.bias"));
  if (!any_bias) folder.config.bias = false;
  if (!folder.config.tied_head && !files.contains("lm_head.weight")) {
    throw InputError(
        fmt::format("{}: config.json says tie_word_embeddings is false, but there is no "
                    "tensor lm_head.weight",
                    path));
  }
  std::map<std::string, bool> used;
  const auto source = [&](const std::string& name, const Shape& shape) {
    const std::string stored = folder.stored_name(name);
    if (!files.contains(stored)) {
      throw InputError(fmt::format("{}: tensor {} is missing; the configuration needs it as {}",
                                   path, stored, shape.str()));
    }
    const SafetensorsFile& file = files.file(stored);
    const std::vector<std::int64_t>& have = file.entries().at(stored).shape;
    if (!std::equal(have.begin(), have.end(), shape.begin(), shape.end())) {
      throw InputError(fmt::format("{}: tensor {} is [{}], the configuration needs {}", file.path(),
                                   stored, fmt::join(have, ", "), shape.str()));
    }
    const std::string& type = file.entries().at(stored).dtype;
    if (type != "F32" && type != "F64" && type != "F16" && type != "BF16") {
      throw InputError(fmt::format("{}: tensor {} is {}; weights are F32, F64, F16 or BF16",
                                   file.path(), stored, type));
    }
    used[stored] = true;
    if (dtype == DType::kFloat32) {
      if (Tensor mapped = file.map(stored); mapped.defined()) return mapped;
    }
    return file.read(stored, dtype);
  };
  Gpt gpt(folder.config, source);
  for (const auto& [name, file] : files.names()) {
    if (used.contains(name) || is_mask_buffer(name)) continue;
    if (!folder.config.bias && name.ends_with(".bias")) {
      expect_zero(*file, name);
    } else if (name != "lm_head.weight") {
      throw InputError(fmt::format("{}: tensor {} has no place in a GPT-2 of {} layers",
                                   file->path(), name, folder.config.n_layer));
    }
  }
  return {std::move(folder), std::move(gpt)};
}

std::vector<std::pair<std::string, Tensor>> stored_tensors(Gpt& gpt) {
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const NamedParameter& p : gpt.parameters())
    tensors.emplace_back(p.name, p.variable->value());
  if (!gpt.config().bias) {
    // GPT-2's own files always have biases; zeros say the same to a reader that expects them.
    const auto zeros = [&](const std::string& name, std::int64_t n) {
      tensors.emplace_back(name + ".bias", Tensor::zeros({n}, gpt.dtype()));
    };
    for (Linear* l : gpt.linears()) zeros(l->name, l->out());
    if (gpt.config().norm == NormKind::kLayer) {
      for (std::size_t i = 0; i < gpt.blocks.size(); ++i) {
        for (const char* norm : {"ln_1", "ln_2"}) {
          zeros(fmt::format("transformer.h.{}.{}", i, norm), gpt.config().n_embd);
        }
      }
      zeros("transformer.ln_f", gpt.config().n_embd);
    }
  }
  return tensors;
}

void save_model(const std::string& path, Gpt& gpt, const ModelFolder& like, SaveType type) {
  const GptConfig& c = gpt.config();
  Json json;
  json["architectures"] = {"GPT2LMHeadModel"};
  json["model_type"] = "gpt2";
  json["activation_function"] = name_of_choice(c.mlp, kActivations);
  json["vocab_size"] = c.vocab_size;
  json["n_positions"] = c.context;
  json["n_embd"] = c.n_embd;
  json["n_layer"] = c.n_layer;
  json["n_head"] = c.n_head;
  json["n_inner"] = c.n_inner ? Json(c.n_inner) : Json(nullptr);
  json["layer_norm_epsilon"] = c.norm_eps;
  json["tie_word_embeddings"] = c.tied_head;
  json["initializer_range"] = 0.02;
  for (const char* dropout : {"embd_pdrop", "resid_pdrop", "attn_pdrop"}) json[dropout] = 0.0;
  const auto put_id = [&](const char* field, const std::optional<std::int32_t>& id) {
    json[field] = id ? Json(*id) : Json(nullptr);
  };
  put_id("bos_token_id", like.bos_id);
  put_id("eos_token_id", like.eos_id);
  if (like.eos_id && !like.further_eos_ids.empty()) {
    json["eos_token_id"] = like.further_eos_ids;
    json["eos_token_id"].insert(json["eos_token_id"].begin(), *like.eos_id);
  }
  put_id("pad_token_id", like.pad_id);
  json["dtype"] = type == SaveType::kF64    ? "float64"
                  : type == SaveType::kF16  ? "float16"
                  : type == SaveType::kBF16 ? "bfloat16"
                                            : "float32";
  const bool is_plain_gpt2 = c.bias && c.kv_heads() == c.n_head && c.norm == NormKind::kLayer &&
                             c.positions == PositionKind::kLearned && c.mlp != MlpKind::kSwiglu;
  if (!is_plain_gpt2) {
    json["pupil"] = {{"bias", c.bias},
                     {"n_kv_head", c.kv_heads()},
                     {"norm", name_of_choice(c.norm, kNorms)},
                     {"positions", name_of_choice(c.positions, kPositions)},
                     {"rope_form", name_of_choice(c.rope_form, kRopeForms)},
                     {"rope_theta", c.rope_theta}};
  }
  make_folder(path);
  // Both are on the disk before either is replaced: weights and configuration stay a pair.
  AtomicFile config(path + "/config.json");
  config.write(json.dump(2) + "\n");
  write_safetensors(path + "/model.safetensors", stored_tensors(gpt), {}, type);
  config.commit();
}

std::string hash_of_weights(Gpt& gpt) {
  Sha256 hash;
  for (const auto& [name, value] : stored_tensors(gpt)) {
    hash.update(name);
    const Tensor f32 = value.to(DType::kFloat32);
    hash.update({reinterpret_cast<const char*>(f32.data<float>()), f32.bytes()});
  }
  return hash.hex();
}

}  // namespace pupil
