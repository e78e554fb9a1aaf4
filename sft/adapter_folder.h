// Adapters as PEFT stores them: adapter_config.json and adapter_model.safetensors. What this engine
// does not compute (DoRA, rank patterns, other adapter types) is refused by its name.
#pragma once
#include <string>

#include "nn/safetensors.h"
#include "sft/lora.h"

namespace pupil {

struct AdapterInfo {
  LoraConfig lora;
  std::string base_model;  ///< path or name of the model it was trained on
  std::string base_hash;   ///< SHA-256 of that model's weights (hash_of_weights), or nothing
};

/// Reads adapter_config.json. Throws InputError naming the file and the field.
AdapterInfo read_adapter_config(const std::string& path);

/// Adds the stored adapter to `gpt`. Throws InputError: missing, superfluous or misshapen tensors,
/// an adapter trained on another base model (by hash, when it has one).
AdapterInfo load_adapter(const std::string& path, Gpt& gpt);

/// Writes the adapter of `gpt`; each file atomically, the weights first.
void save_adapter(const std::string& path, Gpt& gpt, const AdapterInfo& info,
                  SaveType type = SaveType::kF32);

}  // namespace pupil
