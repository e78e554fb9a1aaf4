// GPT: a decoder-only transformer in GPT-2's form (Radford et al. 2019): token and position
// embeddings, blocks of attention and MLP with the norm in front (pre-LN), a final norm, and a head
// that shares the token embedding. RMS norm, rotary positions, SwiGLU and grouped heads are options
// of the same code.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nn/module.h"

namespace pupil {

struct KvCache;

enum class PositionKind { kLearned, kRope };
enum class MlpKind { kGeluTanh, kGeluErf, kRelu, kSwiglu };

struct GptConfig {
  std::int64_t vocab_size = 256;
  std::int64_t context = 64;  ///< longest sequence
  std::int64_t n_layer = 2;
  std::int64_t n_head = 2;
  std::int64_t n_kv_head = 0;  ///< 0: as many as n_head
  std::int64_t n_embd = 64;
  std::int64_t n_inner = 0;  ///< width of the MLP; 0: 4 n_embd
  bool bias = true;          ///< in linear maps and layer norms
  bool tied_head = true;
  double dropout = 0;  ///< after the embeddings and after each branch
  double norm_eps = 1e-5;
  NormKind norm = NormKind::kLayer;
  PositionKind positions = PositionKind::kLearned;
  MlpKind mlp = MlpKind::kGeluTanh;
  RopeForm rope_form = RopeForm::kHalfSplit;
  double rope_theta = 10000;

  std::int64_t head_dim() const { return n_embd / n_head; }
  std::int64_t kv_heads() const { return n_kv_head ? n_kv_head : n_head; }
  std::int64_t inner() const { return n_inner ? n_inner : 4 * n_embd; }
  Heads heads() const { return {n_head, kv_heads(), head_dim()}; }
  /// Throws UsageError naming the field that does not fit.
  void check() const;
};

/// What one forward pass reads. All i32 (B, T); positions and segments may be undefined: then rows
/// count 0, 1, 2, ... and are one segment each.
struct GptInput {
  Tensor ids{};
  Tensor positions{};
  Tensor segments{};
  /// Added to the token embeddings, (B, T, C); undefined: nothing.
  Tensor embedding_noise{};
};

/// Rows of a table that train while the rest of it is frozen: special tokens under LoRA.
struct TrainedRows {
  std::vector<std::int32_t> ids{};
  Variable rows{};  ///< (number of ids, C); undefined when there are none
  /// `table` with these rows in place of its own.
  Variable placed_in(const Variable& table) const;
};

struct Block {
  Norm ln_1, ln_2;
  Linear c_attn, attn_c_proj, c_fc, mlp_c_proj;
};

class Gpt {
 public:
  /// Parameters initialised as GPT-2 and nanoGPT do: weights N(0, 0.02), those that write into the
  /// residual stream N(0, 0.02 / sqrt(2 n_layer)), biases 0, norms 1.
  Gpt(const GptConfig& config, std::uint64_t seed, DType dtype = DType::kFloat32);
  /// Where the values of parameters come from, given their names and shapes: a file, say.
  using Source = std::function<Tensor(const std::string& name, const Shape& shape)>;
  Gpt(const GptConfig& config, const Source& source);
  /// A second model on the same weights: what is attached to it or put in place of a weight later
  /// is its own, so that several adapters can stand on one base at the same time.
  Gpt share() const { return Gpt(*this); }
  Gpt(Gpt&&) = default;
  Gpt& operator=(Gpt&&) = default;

  const GptConfig& config() const { return config_; }
  DType dtype() const { return wte.dtype(); }

  /// The final norm's output, (B, T, C). Throws IndexError for ids outside the vocabulary and
  /// sequences beyond the context.
  Variable hidden(const GptInput& input, Pass& pass, KvCache* cache = nullptr) const;
  /// hidden times the head's weight: (..., C) -> (..., V).
  Variable logits(const Variable& hidden) const;
  /// The head's weight, (V, C), with its special rows: the token embedding itself when tied.
  Variable head_weight() const;
  /// The embedding of tokens as it is used: with the special rows in place.
  Variable token_embedding() const;

  /// Gives these tokens fresh rows N(0, 0.02) in the token embedding. For tokens that pretraining
  /// never met: as rivals of every real token in the softmax their rows have all been pushed into
  /// one direction, so that the model could not tell them apart.
  void renew_tokens(std::span<const std::int32_t> ids, std::uint64_t seed);

  /// Gives the head a weight of its own, equal to the token embedding now.
  void untie_head();

  /// Appends rows to the token embedding (and an untied head) up to `size`, each the mean of those
  /// there are: a new token starts as an average one, and takes no more than a vocabulary's share
  /// of the probability (Hewitt 2021). Before training only.
  void grow_vocabulary(std::int64_t size);

  /// Every parameter with its full name, in the order of the layers; a tied head appears once.
  std::vector<NamedParameter> parameters();
  /// Every linear map inside the blocks, for adapters.
  std::vector<Linear*> linears();
  std::int64_t parameter_count() const;  ///< without adapters

  Variable wte;  ///< (V, C)
  Variable wpe;  ///< (context, C); undefined with rotary positions
  std::vector<Block> blocks;
  Norm ln_f;
  Variable lm_head;  ///< (V, C); undefined when tied

  TrainedRows special_rows;       ///< of the token embedding
  TrainedRows special_head_rows;  ///< of an untied head

 private:
  Gpt(const Gpt&) = default;
  Variable attention(const Block& block, const Variable& x, const GptInput& input, Pass& pass,
                     KvCache* cache, std::size_t layer) const;
  Variable mlp(const Block& block, const Variable& x, Pass& pass) const;
  void check_input(const GptInput& input, const KvCache* cache) const;

  GptConfig config_;
};

}  // namespace pupil
