// QLoRA (Dettmers et al. 2023): the linear maps of a frozen base in 4 or 8 bits, adapters in full
// precision on top. A product dequantises what it needs (tensor/quantise.h); gradients flow through
// the base to the adapters below, none goes into it.
//
// Embeddings, norms, biases and the head stay as they are, as in bitsandbytes.
#pragma once
#include <string>

#include "nn/gpt.h"
#include "tensor/quantise.h"

namespace pupil {

/// Quantises every linear map of the blocks and freezes the model. No weight shares memory with a
/// mapped file afterwards. Before adapters are attached. Throws InputError naming a map that holds
/// NaN or Inf.
void quantise_base(Gpt& gpt, Quantisation kind);

/// The linear maps as the numbers that their codes stand for: an ordinary model again.
void dequantise_base(Gpt& gpt);

/// Bytes of a model's parts as it stands in memory.
struct BaseMemory {
  std::size_t linear_weights = 0;       ///< of the maps in the blocks, codes and scales
  std::size_t linear_weights_full = 0;  ///< of the same in the model's element type
  std::size_t other_parameters = 0;     ///< embeddings, norms, biases, an untied head
  std::size_t adapter = 0;              ///< values of what lora_parameters lists
};
BaseMemory memory_of(Gpt& gpt);

/// One line for a person.
std::string text(const BaseMemory& memory);

}  // namespace pupil
