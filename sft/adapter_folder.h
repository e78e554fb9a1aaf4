// Adapters as PEFT stores them: adapter_config.json and adapter_model.safetensors.
//
// The weights' file also records, in its metadata, what PEFT leaves out: the hash of the base model
// and whether the adapter was trained on that base quantised.
#pragma once
#include <string>

#include "nn/safetensors.h"
#include "sft/adapter_config.h"

namespace pupil {

/// The configuration and the record of the base. Throws InputError naming the file and the field.
AdapterInfo read_adapter_info(const std::string& path);

/// Adds the stored adapter to `gpt`. `base_hash` is hash_of_weights of the base, for a model that
/// has been quantised since; empty: computed here. Throws InputError: missing, superfluous or
/// misshapen tensors, an adapter trained on another base model (by hash, when it has one).
AdapterInfo load_adapter(const std::string& path, Gpt& gpt, const std::string& base_hash = "");

/// Writes the adapter of `gpt`; each file atomically, the weights first.
void save_adapter(const std::string& path, Gpt& gpt, const AdapterInfo& info,
                  SaveType type = SaveType::kF32);

}  // namespace pupil
