// adapter_config.json as PEFT writes it: the arithmetic of a LoRA adapter, and the base it stands
// on.
//
// What is not computed here is refused by its name: other adapter types, and every field that is
// set and not known to leave the arithmetic of a stored adapter as it is.
#pragma once
#include <string>

#include "sft/lora.h"

namespace pupil {

struct AdapterInfo {
  LoraConfig lora;
  std::string base_model;  ///< path or name of the model it was trained on
  std::string base_hash;   ///< SHA-256 of that model's weights (hash_of_weights), or nothing
  std::string base_quantisation{};  ///< "nf4", "int8" where it was trained on the base so quantised
};

/// Reads PATH/adapter_config.json. Throws InputError naming the file and the field.
AdapterInfo read_adapter_config(const std::string& path);

/// The content of adapter_config.json.
std::string adapter_config_text(const AdapterInfo& info);

}  // namespace pupil
