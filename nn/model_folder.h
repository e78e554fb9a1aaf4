// Model folders as Hugging Face's GPT-2 writes them: config.json and model.safetensors (or shards
// with model.safetensors.index.json). Tensor names with and without "transformer.", tied and untied
// heads, F32, F16, BF16 and F64 are read; mask buffers are ignored; a model without any bias is
// read as one. Options that GPT-2 lacks stand under "pupil" in config.json.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nn/gpt.h"
#include "nn/safetensors.h"

namespace pupil {

struct ModelFolder {
  std::string path;
  GptConfig config;
  std::string prefix = "transformer.";  ///< what the file's names begin with, or nothing
  std::optional<std::int32_t> bos_id, eos_id, pad_id;
  /// Where eos_token_id is a list: the ids behind its first. Each of them ends a text, too.
  std::vector<std::int32_t> further_eos_ids;

  /// A parameter's name as it stands in this folder's files.
  std::string stored_name(const std::string& name) const;
};

struct LoadedModel {
  ModelFolder folder;
  Gpt gpt;
};

/// Reads config.json only. Throws InputError naming the file and the field.
ModelFolder read_model_config(const std::string& path);

/// Reads the whole model; F32 weights of an f32 model are mapped, not copied. Throws InputError
/// naming the file and the tensor that is missing or has another shape.
LoadedModel load_model(const std::string& path, DType dtype = DType::kFloat32);

/// Writes config.json and model.safetensors into `path` (made if needed), the weights first, each
/// file atomically. Adapters are not part of it.
void save_model(const std::string& path, Gpt& gpt, const ModelFolder& like,
                SaveType type = SaveType::kF32);

/// All tensors as they are stored: name in the file, value.
std::vector<std::pair<std::string, Tensor>> stored_tensors(Gpt& gpt);

/// A hash over the weights' names and bytes in f32, for run.json and adapters.
std::string hash_of_weights(Gpt& gpt);

}  // namespace pupil
