// LoRA (Hu et al. 2021): the base model is frozen, each chosen linear map gets a low-rank addition.
//
//   y = x W + b + s * drop(x) A^T B^T      A: (rank, in), B: (out, rank)
//   s = alpha / rank, or alpha / sqrt(rank) with rslora (Kalajdzievski 2023)
//   A ~ U(-1/sqrt(in), 1/sqrt(in)),  B = 0: at the start the model is the base model exactly
//
// DoRA (Liu et al. 2024) trains the lengths of the columns apart from their directions; nn/module.h
// has the formula. Its magnitudes start as the lengths of the base's columns.
//
// Rows of the token embedding that the base never trained (special tokens of a chat template) stay
// untrained under plain LoRA; `special_ids`, for an untied head `special_head_ids`, make just those
// rows trainable (sft/special_rows.h).
//
// Several adapters on one base: each stands on a Gpt::share() of it, and to switch is to run
// another of these models. What they share, the base, no adapter changes.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nn/gpt.h"

namespace pupil {

struct LoraConfig {
  std::int64_t rank = 8;
  double alpha = 16;
  double dropout = 0;
  bool rslora = false;
  bool dora = false;
  /// Linear maps by name (sft/module_names.h). "all-linear" stands for all.
  std::vector<std::string> targets{"c_attn", "c_proj", "c_fc"};
  /// Instead of `targets`: an expression on whole names, when not empty.
  std::string target_pattern{};
  /// Other ranks and alphas for some targets: the first pattern key that matches decides.
  std::vector<std::pair<std::string, std::int64_t>> rank_pattern{};
  std::vector<std::pair<std::string, double>> alpha_pattern{};
  /// Modules trained whole, as copies that replace the base's: "ln_f", "wte", "mlp", ... Nothing
  /// inside them gets an adapter.
  std::vector<std::string> modules_to_save{};
  std::vector<std::int32_t> special_ids{};
  std::vector<std::int32_t> special_head_ids{};

  double scale(std::int64_t of_rank, double of_alpha) const;
  double scale() const { return scale(rank, alpha); }
};

/// A linear map that a configuration chooses, with the rank and scale it gets.
struct LoraTarget {
  Linear* linear;
  std::int64_t rank;
  double scale;
};

/// The maps that `config` chooses in `gpt`. With `every`, each name must choose something. Throws
/// UsageError: a wrong number, no match (naming what there is), an embedding or the head chosen,
/// which share one matrix and get no adapter here.
std::vector<LoraTarget> lora_targets(Gpt& gpt, const LoraConfig& config, bool every = true);

/// Freezes the model and adds the adapter. Throws UsageError as lora_targets does, and for modules
/// to save that do not exist and special ids outside the vocabulary.
void add_lora(Gpt& gpt, const LoraConfig& config, std::uint64_t seed);
/// The same on targets that lora_targets has chosen.
void add_lora(Gpt& gpt, const LoraConfig& config, const std::vector<LoraTarget>& targets,
              std::uint64_t seed);

/// What trains, under PEFT's names: "base_model.model.transformer.h.0.attn.c_attn.lora_A.weight".
std::vector<NamedParameter> lora_parameters(Gpt& gpt);

/// For a model that trains no more: computes once what otherwise every forward pass computes, the
/// column norms of DoRA and the embedding with its special rows in place.
void settle_lora(Gpt& gpt);

/// W <- W + s (B A)^T for every adapter (DoRA: times m / n by column). The weights as they were are
/// kept, so that unmerge_lora restores them bit for bit. Merging twice changes nothing. A quantised
/// weight is merged as the numbers that it stands for, and is not quantised again.
void merge_lora(Gpt& gpt);
void unmerge_lora(Gpt& gpt);
/// Merges, then forgets the adapter: an ordinary model is left.
void fold_lora(Gpt& gpt);

}  // namespace pupil
