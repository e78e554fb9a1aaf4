#include "sft/adapter_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "nn/file.h"
#include "nn/model_folder.h"
#include "tensor/error.h"

namespace pupil {
namespace {

constexpr const char* kBaseHash = "base_sha256";
constexpr const char* kBaseQuantisation = "base_quantisation";
constexpr std::int32_t kMostNewTokens = 1000;  // more is no chat template but a damaged file

std::string weights_of(const std::string& path) { return path + "/adapter_model.safetensors"; }

// A rank decides how much is allocated: it must be that of the file's own tensors.
void check_ranks(const SafetensorsFile& file, const std::vector<LoraTarget>& targets) {
  for (const LoraTarget& target : targets) {
    const std::string name = "base_model.model." + target.linear->name + ".lora_A.weight";
    if (!file.contains(name)) {
      throw InputError(fmt::format("{}: tensor {} is missing; adapter_config.json asks for it",
                                   file.path(), name));
    }
    const std::vector<std::int64_t>& shape = file.entries().at(name).shape;
    if (shape == std::vector<std::int64_t>{target.rank, target.linear->in()}) continue;
    throw InputError(fmt::format(
        "{}: tensor {} is [{}], adapter_config.json says rank {} and the model {} inputs",
        file.path(), name, fmt::join(shape, ", "), target.rank, target.linear->in()));
  }
}

// Special tokens that the base lacks got rows of their own when the adapter was trained.
void grow_for_special_ids(const std::string& path, const LoraConfig& lora, Gpt& gpt) {
  const auto fail = [&](const std::string& what) {
    throw InputError(
        fmt::format("{}/adapter_config.json: trainable_token_indices has {}", path, what));
  };
  if (!gpt.lm_head.defined() && !lora.special_head_ids.empty() &&
      lora.special_head_ids != lora.special_ids) {
    fail("other ids for lm_head than for wte, but this model's head is its token embedding");
  }
  std::int64_t size = gpt.config().vocab_size;
  for (const auto* ids : {&lora.special_ids, &lora.special_head_ids}) {
    for (const std::int32_t id : *ids) {
      if (id >= gpt.config().vocab_size + kMostNewTokens) {
        fail(fmt::format("{}, the model a vocabulary of {}; they do not belong together", id,
                         gpt.config().vocab_size));
      }
      size = std::max<std::int64_t>(size, id + 1);
    }
  }
  gpt.grow_vocabulary(size);
}

}  // namespace

AdapterInfo read_adapter_info(const std::string& path) {
  AdapterInfo info = read_adapter_config(path);
  const SafetensorsFile file(weights_of(path));
  const auto metadata = [&](const char* key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  info.base_hash = metadata(kBaseHash);
  info.base_quantisation = metadata(kBaseQuantisation);
  return info;
}

AdapterInfo load_adapter(const std::string& path, Gpt& gpt, const std::string& base_hash) {
  AdapterInfo info = read_adapter_info(path);
  const std::string file_name = weights_of(path);
  const SafetensorsFile file(file_name);
  if (!info.base_hash.empty() &&
      info.base_hash != (base_hash.empty() ? hash_of_weights(gpt) : base_hash)) {
    throw InputError(
        fmt::format("{}: was trained on another base model ({}); its weights' hash is {}..., this "
                    "model has another",
                    file_name, info.base_model, info.base_hash.substr(0, 12)));
  }
  grow_for_special_ids(path, info.lora, gpt);
  try {
    const std::vector<LoraTarget> targets = lora_targets(gpt, info.lora, /*every=*/false);
    check_ranks(file, targets);
    add_lora(gpt, info.lora, targets, /*seed=*/0);
  } catch (const UsageError& e) {
    throw InputError(fmt::format("{}/adapter_config.json: {}", path, e.what()));
  }
  std::set<std::string> used;
  for (const NamedParameter& p : lora_parameters(gpt)) {
    if (!file.contains(p.name)) {
      throw InputError(fmt::format("{}: tensor {} is missing; adapter_config.json asks for it",
                                   file_name, p.name));
    }
    const std::string& type = file.entries().at(p.name).dtype;
    if (type != "F32" && type != "F64" && type != "F16" && type != "BF16") {
      throw InputError(fmt::format("{}: tensor {} is {}; weights are F32, F64, F16 or BF16",
                                   file_name, p.name, type));
    }
    const Tensor value = file.read(p.name, gpt.dtype());
    if (value.shape() != p.variable->shape()) {
      throw InputError(fmt::format("{}: tensor {} is {}, the model and adapter_config.json need {}",
                                   file_name, p.name, value.shape().str(),
                                   p.variable->shape().str()));
    }
    p.variable->leaf()->value.copy_(value);
    used.insert(p.name);
  }
  for (const auto& [name, entry] : file.entries()) {
    if (!used.contains(name)) {
      throw InputError(fmt::format(
          "{}: tensor {} is not part of what adapter_config.json describes", file_name, name));
    }
  }
  return info;
}

void save_adapter(const std::string& path, Gpt& gpt, const AdapterInfo& info, SaveType type) {
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const NamedParameter& p : lora_parameters(gpt))
    tensors.emplace_back(p.name, p.variable->value());
  std::map<std::string, std::string> metadata;
  if (!info.base_hash.empty()) metadata[kBaseHash] = info.base_hash;
  if (!info.base_quantisation.empty()) metadata[kBaseQuantisation] = info.base_quantisation;
  make_folder(path);
  write_safetensors(weights_of(path), tensors, metadata, type);
  write_file(path + "/adapter_config.json", adapter_config_text(info));
}

}  // namespace pupil
