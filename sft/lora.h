// LoRA (Hu et al. 2021): the base model is frozen, each chosen linear map gets a low-rank addition.
//
//   y = x W + b + s * drop(x) A^T B^T      A: (rank, in), B: (out, rank)
//   s = alpha / rank, or alpha / sqrt(rank) with rslora (Kalajdzievski 2023)
//   A ~ U(-1/sqrt(in), 1/sqrt(in)),  B = 0: at the start the model is the base model exactly
//
// Rows of the token embedding that the base never trained (special tokens of a chat template) stay
// untrained under plain LoRA; `special_ids` makes just those rows trainable.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "nn/gpt.h"

namespace pupil {

struct LoraConfig {
  std::int64_t rank = 8;
  double alpha = 16;
  double dropout = 0;
  bool rslora = false;
  /// A linear map is chosen when its name equals one of these or ends in "." + it.
  std::vector<std::string> targets{"c_attn", "c_proj", "c_fc"};
  /// Modules trained whole, as copies that replace the base's: "ln_f", "wte", ...
  std::vector<std::string> modules_to_save{};
  std::vector<std::int32_t> special_ids{};

  double scale() const;
};

/// True when `name` equals `pattern` or ends in "." + pattern.
bool name_matches(const std::string& name, const std::string& pattern);

/// Freezes the model and adds the adapter. Throws UsageError: rank < 1, a target or module that
/// matches nothing (naming what there is), special ids outside the vocabulary.
void add_lora(Gpt& gpt, const LoraConfig& config, std::uint64_t seed);

/// What trains, under PEFT's names: "base_model.model.transformer.h.0.attn.c_attn.lora_A.weight".
std::vector<NamedParameter> lora_parameters(Gpt& gpt);

/// W <- W + s (B A)^T for every adapter, and special rows into the embedding. The weights as they
/// were are kept, so that unmerge_lora restores them bit for bit. Merging twice changes nothing.
void merge_lora(Gpt& gpt);
void unmerge_lora(Gpt& gpt);
/// Merges, then forgets the adapter: an ordinary model is left.
void fold_lora(Gpt& gpt);

}  // namespace pupil
